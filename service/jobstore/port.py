"""What a job store promises: the work on jobs, what can be seen of them, and their erasure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pedcontour.errors import AttemptsExhaustedError
from service.jobs import EVERY_PRIORITY, Ending, Job, Priority, State

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
class Standing:
    """How a job stands, in short: what changes while it is worked on."""

    state: State
    stage: str
    progress: float
    attempt: int

    @classmethod
    def of(cls, job: Job) -> "Standing":
        """That of a job."""
        return cls(job.state, job.stage, job.progress, job.attempt)


@dataclass(frozen=True)
class Statistics:
    """The table in figures; ``expired_leases`` are running jobs whose owner fell silent.

    ``unreadable`` are waiting jobs that were passed over, because the version that looked cannot read them.
    """

    by_state: Mapping[State, int]
    oldest_waiting_since: datetime | None = None
    last_claim_at: datetime | None = None
    quarantined: int = 0
    expired_leases: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class Backlog:
    """What there is to do. ``free_since`` is when the first of the jobs that could be claimed became free.

    ``running`` counts jobs whose owner still holds its lease; since ``unread_since`` one waits that nobody could read.
    """

    waiting: int = 0
    running: int = 0
    free_since: datetime | None = None
    last_claim_at: datetime | None = None
    unread_since: datetime | None = None

    def is_stalled(self, now: datetime, after_s: float) -> bool:
        """Whether a job could have been begun for ``after_s`` seconds, and nobody begins or runs one."""
        limit = now - timedelta(seconds=after_s)
        waits = self.free_since is not None and self.free_since <= limit
        rests = self.last_claim_at is None or self.last_claim_at <= limit
        return waits and rests and self.running == 0

    def is_unreadable(self, now: datetime, after_s: float) -> bool:
        """Whether a job that was passed over has waited ``after_s`` seconds for a version that can read it."""
        return self.unread_since is not None and self.unread_since <= now - timedelta(seconds=after_s)


@dataclass(frozen=True)
class Position:
    """A place in a list of jobs, which are ordered from the newest to the oldest."""

    accepted_at: datetime
    job_id: str


@dataclass(frozen=True)
class Listing:
    """Which jobs of a tenant to list: of ``states`` (none given is all), accepted in [since, until), after a place."""

    tenant: str
    states: Collection[State] = ()
    since: datetime | None = None
    until: datetime | None = None
    after: Position | None = None
    limit: int = 50


@dataclass(frozen=True)
class Tombstone:
    """What is left of an erased job for a while, so that what is written late is erased too."""

    job_id: str
    erased_at: datetime


Witness = Callable[[], None]
"""Told that a job is about to be kept. It must be quick and must not use the store, which waits for it.

Until it was told nothing is kept, whatever ``accept`` raises; once it was, ``accept`` may fail and the job be kept."""


def nobody() -> None:
    """A ``Witness`` that does nothing."""


class Work(Protocol):
    """The way of a job. Every method raises ``JobTableError`` when the store itself fails.

    A job that cannot be read is none of these failures: it is given out with ``is_readable`` False, and never claimed.
    """

    def accept(self, job: Job, witness: Witness = nobody) -> Job:
        """Keep a new job and return it; when this returns, it survives a power cut.

        Where its tenant has used its ``request_key`` before, nothing is kept and the job of then is returned. Else
        ``witness`` is called before anybody can see the job; what it raises is passed on, and nothing is kept.
        """
        ...

    def get(self, job_id: str) -> Job | None:
        """A job, or None where there is none of that id."""
        ...

    def claim_next(self, owner: str, priorities: Collection[Priority] = EVERY_PRIORITY) -> Job | None:
        """Make ``owner`` the owner of the free job whose turn it is and count the attempt; None: there is no free job.

        Urgent jobs come before routine ones; then comes the tenant whose last turn lies furthest back, then its oldest
        job. Free jobs that must not be begun again, without attempts left or to be cancelled, are ended on the way. One
        that this version cannot read is passed over: it rests, and waits for a version that can.
        ``owner`` must be a new name for every claim.
        """
        ...

    def beat(self, job_id: str, owner: str, stage: str | None = None, progress: float | None = None) -> Beat | None:
        """Renew the lease and, where given, note stage and progress; None: ``owner`` has lost the job and must stop."""
        ...

    def end(self, job_id: str, owner: str, ending: Ending) -> bool:
        """End a job; False: ``owner`` has lost it, and nothing was changed."""
        ...

    def release(self, job_id: str, owner: str, trouble: str) -> bool:
        """Give a job back for another attempt, after a rest where there was ``trouble``; False: ``owner`` lost it."""
        ...

    def cancel(self, job_id: str) -> Job | None:
        """Ask a job to stop and return it as it then is; an ended one stays as it is. None: no job has that id."""
        ...

    def take_overdue(self) -> list[Job]:
        """The jobs whose message should be sent again; each is given to one caller, until its next wait ends."""
        ...


class Records(Protocol):
    """What can be seen of jobs and workers."""

    def list_jobs(self, listing: Listing) -> list[Job]:
        """A page of a tenant's jobs, the newest first."""
        ...

    def standings(self, job_ids: Collection[str]) -> Mapping[str, Standing]:
        """How these jobs stand, in one look; one that there is not is left out."""
        ...

    def backlog(self, priorities: Collection[Priority] = EVERY_PRIORITY, tenant: str | None = None) -> Backlog:
        """What there is to do, of every tenant or of one."""
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

    def now(self) -> datetime:
        """The time by the store's clock, which all its times are of."""
        ...


class Erasure(Protocol):
    """The end of what is kept. Of an erased job a tombstone is left, which holds its id and nothing else of it."""

    def erase(self, job_id: str) -> bool:
        """Forget a job in any state, for everybody at once; its owner has lost it. False: no job has that id."""
        ...

    def ended_before(self, moment: datetime, *, with_inputs: bool, limit: int) -> list[str]:
        """Ids of jobs that ended at or before a moment, oldest first; ``with_inputs``: only where inputs are kept."""
        ...

    def note_inputs_erased(self, job_id: str) -> None:
        """Note that the upload of a job is gone."""
        ...

    def tombstones(self) -> list[Tombstone]:
        """All tombstones, oldest first."""
        ...

    def bury(self, job_id: str) -> None:
        """Remove a tombstone."""
        ...

    def take_duty(self, duty: str, holder: str, for_s: float) -> bool:
        """Make ``holder`` the one who does a duty for so long, where nobody else is; it may take it again."""
        ...


class JobStore(Work, Records, Erasure, Protocol):
    """Keeps jobs."""
