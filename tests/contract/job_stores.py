"""What the suites of the job stores share: a clock that stands still, every store on it, and small words for jobs."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pedcontour.verdicts import Outcome, Verdict
from service.jobs import Ending, Job, Options, Retries, State
from service.jobstore import JobStore

START = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)
RETRIES = Retries(lease_s=60, max_attempts=3, resend_after_s=30)
VERDICT = Verdict("liver", Outcome.PRESENT, 501.25, 500.5, 0.93, "Drawn.")
PROVENANCE = {"input_sha256": "ab" * 32, "model": {"id": "model"}, "software": {"timings_s": {"read": 0.5}}}
DONE = Ending(State.DONE, None, (VERDICT,), ("A: b",), {"seg.dcm": "a/1/seg.dcm"}, PROVENANCE)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def a_job(job_id: str = "a", **changes: object) -> Job:
    job = Job(job_id, Options("model"), START, START + timedelta(seconds=30))
    return replace(job, **changes)  # type: ignore[arg-type]


def known(store: JobStore, job_id: str = "a") -> Job:
    job = store.get(job_id)
    assert job is not None
    return job


def claimed(store: JobStore) -> str:
    job = store.claim_next(uuid.uuid4().hex)
    assert job is not None
    return job.id


def ids(found: list[Job]) -> list[str]:
    return [job.id for job in found]
