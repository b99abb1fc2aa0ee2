"""The job table: the truth about every job. A message in the queue only wakes a worker up.

``JobStore`` is the promise; ``tests/contract`` holds its exact wording, which both adapters pass: ``MemoryJobStore``
here and ``SqlJobStore`` in ``service.jobtable``. Every change is one atomic step, and one that comes too late changes
nothing.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pedcontour.errors import AttemptsExhaustedError
from service import jobs
from service.jobs import DEFAULT_RETRIES, Ending, Job, Retries, State

Clock = Callable[[], datetime]
"""Tells the time in UTC. Each store has one, so that a store on a server may use the server's."""

SILENT_HEARTBEATS = 4
"""So many of a worker's signs of life must be missing before it counts as gone."""


QUARANTINED = AttemptsExhaustedError.code
"""Code of the problem of a job that was set aside."""


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Beat:
    """What an owner learns when it gives a sign of life."""

    cancel_requested: bool


@dataclass(frozen=True)
class Statistics:
    """The table in figures; ``expired_leases`` are running jobs whose owner fell silent."""

    by_state: Mapping[State, int]
    oldest_waiting_since: datetime | None = None
    last_claim_at: datetime | None = None
    quarantined: int = 0
    expired_leases: int = 0


class JobStore(Protocol):
    """Keeps jobs. Every method raises ``JobTableError`` when the store itself fails."""

    def accept(self, job: Job) -> None:
        """Keep a new job; when this returns, it survives a power cut."""
        ...

    def get(self, job_id: str) -> Job | None:
        """A job, or None where there is none of that id."""
        ...

    def claim(self, job_id: str, owner: str) -> Job | None:
        """Make ``owner`` the owner of a free job and count the attempt; None: somebody else has it, or it has ended.

        A free job without attempts left is quarantined instead, or cancelled where that was asked for. ``owner`` must
        be a new name for every claim.
        """
        ...

    def beat(self, job_id: str, owner: str, stage: str | None = None, progress: float | None = None) -> Beat | None:
        """Renew the lease and, where given, note stage and progress; None: ``owner`` has lost the job and must stop."""
        ...

    def end(self, job_id: str, owner: str, ending: Ending) -> bool:
        """End a job; False: ``owner`` has lost it, and nothing was changed."""
        ...

    def release(self, job_id: str, owner: str, trouble: str) -> bool:
        """Give a job back for another attempt; False: ``owner`` has lost it."""
        ...

    def cancel(self, job_id: str) -> Job | None:
        """Ask a job to stop and return it as it then is; an ended one stays as it is. None: no job has that id."""
        ...

    def take_overdue(self) -> list[str]:
        """The ids of jobs whose message should be sent again; each is given to one caller, until its next wait ends."""
        ...

    def worker_seen(self, worker: str) -> None:
        """Note that a worker lives."""
        ...

    def last_worker_seen(self, host: str | None = None) -> datetime | None:
        """When a worker, of that host or of any, last gave a sign of life; names of workers are ``<host>:<more>``."""
        ...

    def statistics(self) -> Statistics:
        """Figures for the monitoring."""
        ...

    def check(self) -> None:
        """Raise ``JobTableError`` unless the table answers."""
        ...


class MemoryJobStore:
    """A ``JobStore`` that lives as long as its process."""

    def __init__(self, retries: Retries = DEFAULT_RETRIES, clock: Clock = utc_now) -> None:
        self._retries = retries
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._workers: dict[str, datetime] = {}
        self._lock = threading.RLock()

    def accept(self, job: Job) -> None:
        """See ``JobStore.accept``."""
        with self._lock:
            self._jobs[job.id] = job

    def get(self, job_id: str) -> Job | None:
        """See ``JobStore.get``."""
        with self._lock:
            return self._jobs.get(job_id)

    def claim(self, job_id: str, owner: str) -> Job | None:
        """See ``JobStore.claim``."""
        now = self._clock()
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or not jobs.is_free(job, now):
                return None
            if job.attempt >= self._retries.max_attempts:
                self._jobs[job_id] = jobs.quarantined(job, now)
                return None
            self._jobs[job_id] = jobs.claimed(job, owner, now, self._retries)
            return self._jobs[job_id]

    def beat(self, job_id: str, owner: str, stage: str | None = None, progress: float | None = None) -> Beat | None:
        """See ``JobStore.beat``."""
        with self._lock:
            job = self._owned(job_id, owner)
            if job is None:
                return None
            self._jobs[job_id] = jobs.beaten(job, self._clock(), self._retries, stage, progress)
            return Beat(job.cancel_requested)

    def end(self, job_id: str, owner: str, ending: Ending) -> bool:
        """See ``JobStore.end``."""
        with self._lock:
            job = self._owned(job_id, owner)
            if job is not None:
                self._jobs[job_id] = jobs.ended(job, ending, self._clock())
            return job is not None

    def release(self, job_id: str, owner: str, trouble: str) -> bool:
        """See ``JobStore.release``."""
        with self._lock:
            job = self._owned(job_id, owner)
            if job is not None:
                self._jobs[job_id] = jobs.released(job, trouble, self._clock(), self._retries)
            return job is not None

    def cancel(self, job_id: str) -> Job | None:
        """See ``JobStore.cancel``."""
        with self._lock:
            if job_id not in self._jobs:
                return None
            self._jobs[job_id] = jobs.cancelled(self._jobs[job_id], self._clock())
            return self._jobs[job_id]

    def take_overdue(self) -> list[str]:
        """See ``JobStore.take_overdue``."""
        now = self._clock()
        with self._lock:
            overdue = [job for job in self._jobs.values() if jobs.is_overdue(job, now)]
            for job in overdue:
                self._jobs[job.id] = jobs.resent(job, now, self._retries)
            return [job.id for job in sorted(overdue, key=lambda job: (job.accepted_at, job.id))]

    def worker_seen(self, worker: str) -> None:
        """See ``JobStore.worker_seen``."""
        with self._lock:
            self._workers[worker] = self._clock()

    def last_worker_seen(self, host: str | None = None) -> datetime | None:
        """See ``JobStore.last_worker_seen``."""
        with self._lock:
            asked = {name: seen for name, seen in self._workers.items() if host is None or name.startswith(f"{host}:")}
            return max(asked.values(), default=None)

    def statistics(self) -> Statistics:
        """See ``JobStore.statistics``."""
        with self._lock:
            every = list(self._jobs.values())
        now = self._clock()
        return Statistics(
            by_state={state: sum(job.state is state for job in every) for state in State},
            oldest_waiting_since=min((job.accepted_at for job in every if job.state is State.QUEUED), default=None),
            last_claim_at=max((job.started_at for job in every if job.started_at), default=None),
            quarantined=sum(job.problem is not None and job.problem.code == QUARANTINED for job in every),
            expired_leases=sum(job.state is State.RUNNING and jobs.is_free(job, now) for job in every),
        )

    def check(self) -> None:
        """See ``JobStore.check``: memory is always there."""

    def _owned(self, job_id: str, owner: str) -> Job | None:
        job = self._jobs.get(job_id)
        return job if job is not None and jobs.is_owned_by(job, owner) else None
