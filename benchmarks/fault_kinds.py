"""The faults: each does its harm to a service under load, and says how to tell that the service has gone on."""

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator

import httpx
from redis.exceptions import RedisError

from benchmarks.fault_ledger import PATIENCE_S, Ledger
from benchmarks.faulty_service import LEASE_S, FaultyService, children_of, kill
from service.jobs import ENDED, Job, State
from service.queue import CeleryJobQueue, make_celery

STAGES = ("read", "segment", "judge", "write", "check", "picture")

GoneOn = Callable[[], bool]
Fault = Callable[[Ledger], GoneOn]


class NothingToHurtError(Exception):
    """What the fault is for is not there, such as a child process of the worker."""


def kill_at(stage: str | None) -> Fault:
    """Kill a worker while its job is in a stage, or at whatever moment."""
    return lambda ledger: _hit_worker(ledger, signal.SIGKILL, stage)


def terminate(ledger: Ledger) -> GoneOn:
    """Ask a worker to stop in mid-job."""
    return _hit_worker(ledger, signal.SIGTERM, None)


def freeze(ledger: Ledger) -> GoneOn:
    """Stop a worker for longer than its lease: when it wakes up it must find that the job is another's."""
    job, worker = _working(ledger, None)
    kill(worker, signal.SIGSTOP)
    threading.Timer(LEASE_S * 1.5, kill, (worker, signal.SIGCONT)).start()
    return _begun_again(ledger.service, job)


def kill_child(ledger: Ledger) -> GoneOn:
    """Kill one of the processes that a worker has started."""
    job, worker = _working(ledger, None)
    children = children_of(worker)
    if not children:
        raise NothingToHurtError("this worker contours in its own process")
    kill(ledger.chance.choice(children))
    return _begun_again(ledger.service, job)


def kill_gateway(ledger: Ledger) -> GoneOn:
    """Kill the gateway while it receives an upload."""
    service = ledger.service

    def body() -> Iterator[bytes]:
        yield ledger.archive[:1000]
        if service.gateway.pid is not None:
            kill(service.gateway.pid)
        yield ledger.archive[1000:]

    with contextlib.suppress(httpx.HTTPError):
        httpx.post(f"{service.url}/v1/jobs", content=body(), headers={"Content-Type": "application/zip"})
    return lambda: _answers(service)


def kill_broker(ledger: Ledger) -> GoneOn:
    """Kill the broker."""
    service = ledger.service
    before = _broker_process(service)
    assert before is not None
    kill(before)
    return lambda: _broker_process(service) not in (None, before)


def wipe_broker(ledger: Ledger) -> GoneOn:
    """Take every message from the broker."""
    ledger.service.broker().flushall()
    return _any_begun(ledger)


def send_twice(ledger: Ledger) -> GoneOn:
    """Send the message of every open job once more."""
    url = ledger.service.settings.redis_url
    assert url is not None
    queue = CeleryJobQueue(make_celery(url.get_secret_value(), 3600))
    for job in ledger.open_jobs():
        queue.send(job.id, job.priority)
    return _any_begun(ledger)


def cancel(ledger: Ledger) -> GoneOn:
    """Cancel a running job."""
    job, _ = _working(ledger, ledger.chance.choice(STAGES[:3]))
    after = ledger.service.table.cancel(job.id)
    if after is not None and after.state is State.RUNNING:
        ledger.expected[job.id] = State.CANCELLED
    return lambda: all(other.id != job.id for other in ledger.open_jobs())


def erase(ledger: Ledger) -> GoneOn:
    """Erase a running job."""
    job, _ = _working(ledger, ledger.chance.choice(STAGES))
    if httpx.delete(f"{ledger.service.url}/v1/jobs/{job.id}", timeout=30).status_code == 204:
        ledger.expected[job.id] = None
    return _any_begun(ledger)


FAULTS: dict[str, Fault] = {
    "kill -9 of a worker, at random": kill_at(None),
    **{f"kill -9 of a worker, in {stage}": kill_at(stage) for stage in STAGES},
    "kill -9 of a worker's child": kill_child,
    "SIGTERM of a worker": terminate,
    "SIGSTOP of a worker for longer than its lease": freeze,
    "kill -9 of the gateway in mid-upload": kill_gateway,
    "kill -9 of the broker": kill_broker,
    "broker wiped": wipe_broker,
    "every message sent twice": send_twice,
    "cancelled while it runs": cancel,
    "erased while it runs": erase,
}


def _hit_worker(ledger: Ledger, number: int, stage: str | None) -> GoneOn:
    job, worker = _working(ledger, stage)
    kill(worker, number)
    return _begun_again(ledger.service, job)


def _working(ledger: Ledger, stage: str | None) -> tuple[Job, int]:
    """A job that is worked on, in a stage or in any, and the worker's process."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        jobs = [job for job in ledger.open_jobs() if job.state is State.RUNNING and stage in (None, job.stage)]
        if jobs:
            job = ledger.chance.choice(jobs)
            assert job.owner is not None  # it runs
            return job, int(job.owner.split("/")[0].rsplit(":", 1)[1])
        if not ledger.open_jobs():  # all were too quick: try with another
            ledger.send(1)
        time.sleep(random.uniform(0.0, 0.02))
    raise NothingToHurtError(f"no job was seen in {stage or 'any stage'}")


def _begun_again(service: FaultyService, job: Job) -> GoneOn:
    def is_so() -> bool:
        now = service.table.get(job.id)
        return now is None or now.attempt > job.attempt or now.state in ENDED

    return is_so


def _any_begun(ledger: Ledger) -> GoneOn:
    before = ledger.service.table.backlog().last_claim_at
    return lambda: not ledger.open_jobs() or ledger.service.table.backlog().last_claim_at != before


def _answers(service: FaultyService) -> bool:
    try:
        return httpx.get(f"{service.url}/health/live", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _broker_process(service: FaultyService) -> int | None:
    try:
        return int(service.broker().info("server")["process_id"])
    except (RedisError, OSError):
        return None
