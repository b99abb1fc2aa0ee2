"""Faults of the service's own processes: killed, told to stop, frozen, out of memory."""

import contextlib
import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx

from benchmarks.faults.aims import GoneOn, Harm, NothingToHurtError, begun_again, working
from benchmarks.faults.ledger import Ledger
from benchmarks.faults.service import LEASE_S, FaultyService, children_of, command_line, kill

CONTOURING_CHILD = "tests.stand_ins.child"


def kill_at(stage: str | None) -> Harm:
    """Kill a worker while its job is in a stage, or at whatever moment."""
    return lambda ledger: _hit_worker(ledger, signal.SIGKILL, stage)


def terminate(ledger: Ledger) -> GoneOn:
    """Ask a worker to stop in mid-job."""
    return _hit_worker(ledger, signal.SIGTERM, None)


def freeze(ledger: Ledger) -> GoneOn:
    """Stop a worker for longer than its lease: when it wakes up it must find that the job is another's."""
    job, worker = working(ledger, None)
    kill(worker, signal.SIGSTOP)
    threading.Timer(LEASE_S * 1.5, kill, (worker, signal.SIGCONT)).start()
    return begun_again(ledger.service, job)


def kill_child(ledger: Ledger) -> GoneOn:
    """Kill one of the processes that a worker has started."""
    job, worker = working(ledger, None)
    children = children_of(worker)
    if not children:
        raise NothingToHurtError("the worker was between two children")
    kill(ledger.chance.choice(children))
    return begun_again(ledger.service, job)


def freeze_child(ledger: Ledger) -> GoneOn:
    """Stop the child that contours, for good: it holds its job and says nothing more."""
    job, worker = working(ledger, "segment")
    kill(_contouring_child(worker), signal.SIGSTOP)
    return begun_again(ledger.service, job)


def starve_child(ledger: Ledger) -> GoneOn:
    """Give the child that contours no more memory than it has."""
    job, worker = working(ledger, "segment")
    child = _contouring_child(worker)
    with contextlib.suppress(ProcessLookupError):
        pages = int(Path(f"/proc/{child}/statm").read_text().split()[0])
        limit = pages * resource.getpagesize()
        resource.prlimit(child, resource.RLIMIT_AS, (limit, limit))
    return begun_again(ledger.service, job)


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


def _hit_worker(ledger: Ledger, number: int, stage: str | None) -> GoneOn:
    job, worker = working(ledger, stage)
    kill(worker, number)
    return begun_again(ledger.service, job)


def _contouring_child(worker: int) -> int:
    for child in children_of(worker):
        if CONTOURING_CHILD in command_line(child):
            return child
    raise NothingToHurtError("the worker was between two children")


def _answers(service: FaultyService) -> bool:
    try:
        return httpx.get(f"{service.url}/health/live", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
