"""What faults aim at, and how they tell that the service has gone on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

from benchmarks.faults.ledger import PATIENCE_S, Ledger
from benchmarks.faults.service import FaultyService
from service.jobs import ENDED, Job, State

STAGES = ("read", "segment", "judge", "write", "check", "picture")

GoneOn = Callable[[], bool]
"""Whether the service has gone on after the fault."""

Harm = Callable[[Ledger], GoneOn]
"""Does the harm, under load, and returns how to tell that it is overcome."""


class NothingToHurtError(Exception):
    """What the fault is for is not there, such as a child process of the worker."""


def working(ledger: Ledger, stage: str | None) -> tuple[Job, int]:
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
        time.sleep(ledger.chance.uniform(0.0, 0.02))
    raise NothingToHurtError(f"no job was seen in {stage or 'any stage'}")


@contextmanager
def sending(ledger: Ledger, count: int) -> Iterator[None]:
    """Send jobs meanwhile; at the end of the block it is waited until all are accepted."""
    sender = Thread(target=ledger.send, args=(count,), name="sender")
    sender.start()
    try:
        yield
    finally:
        sender.join()


def begun_again(service: FaultyService, job: Job) -> GoneOn:
    """The job that was hit is begun once more, or has ended, or is gone."""

    def is_so() -> bool:
        now = service.table.get(job.id)
        return now is None or now.attempt > job.attempt or now.state in ENDED

    return is_so


def any_begun(ledger: Ledger) -> GoneOn:
    """Some job is begun after now, or none is left."""
    before = ledger.service.table.backlog().last_claim_at
    return lambda: not ledger.open_jobs() or ledger.service.table.backlog().last_claim_at != before
