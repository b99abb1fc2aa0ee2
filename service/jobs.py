"""What a job is and how it may change: pure values, no clock, no disk, no network.

::

    queued --claim--> running --end--> done | failed | cancelled
       ^                 |
       +----release------+        a claim whose lease ran out may be claimed again

Whatever its state, a job may be erased; nothing is left of it then, and its owner has lost it.

A job is owned by whoever claimed it last, until the lease ends; what a former owner still says is ignored (fencing).
The stores in ``jobstore`` do these same changes in one atomic step each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pedcontour.errors import AttemptsExhaustedError, PedcontourError
from pedcontour.inference.modes import DEFAULT_MODE, Mode
from pedcontour.verdicts import AbsencePolicy, Verdict

RESEND_DOUBLINGS = 6
"""The wait before a message is sent again doubles so often at most (30 s to 32 min): a long queue is not flooded."""

CLOCK_SLACK = timedelta(minutes=10)
"""A lease that ends so much later than any given now was given before the clock was put back: it does not count.

Without this, a worker that dies after the clock of its host was two hours ahead would keep its job for two hours."""


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """Which jobs come first. Each has a queue of its own, so that a worker may serve one alone."""

    URGENT = "urgent"
    ROUTINE = "routine"


EVERY_PRIORITY = tuple(Priority)
"""What a worker serves unless it is told otherwise; urgent comes first."""

ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})
"""The states a job never leaves."""


@dataclass(frozen=True)
class Problem:
    """Why a job failed, in the words of ``pedcontour.errors``: no patient data."""

    code: str
    advice: str
    detail: str = ""
    instance_uids: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: PedcontourError) -> "Problem":
        """The problem that an error of the library is."""
        return cls(error.code, error.advice, error.detail, error.instance_uids)


@dataclass(frozen=True)
class Options:
    """What the sender asked for. ``structures``, ``absent`` and ``present`` are organ ids; None draws all that the
    model can. ``policy`` is what the absence rules may do.

    ``outputs`` is the style of the results as plain data (``pedcontour.outputs.OutputStyle``), with the names of a
    template as they were when the job was accepted: a retry writes the same files. Empty is the default style.
    ``mode`` is the quality in which the network runs.
    """

    model_id: str
    structures: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
    series_uid: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = DEFAULT_MODE
    present: tuple[str, ...] = ()
    policy: AbsencePolicy = "filter"


@dataclass(frozen=True)
class Ending:
    """How an attempt ended. ``results`` maps a result's name to its key in the result store.

    ``provenance`` is input digest, model and software of the results, as plain data
    (``pedcontour.contour.report.Provenance``).
    """

    state: State
    problem: Problem | None = None
    verdicts: tuple[Verdict, ...] = ()
    warnings: tuple[str, ...] = ()
    results: Mapping[str, str] | None = None
    provenance: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Retries:
    """How patient the service is: seconds of a lease, attempts at a job, and seconds before a message is sent again."""

    lease_s: float = 60.0
    max_attempts: int = 3
    resend_after_s: float = 30.0


DEFAULT_RETRIES = Retries()
"""What suits a contouring that takes minutes."""


@dataclass(frozen=True)
class Job:
    """One job, as the table keeps it. All times are UTC; ``progress`` is the finished share, 0 to 1.

    ``tenant`` is who sent it: a digest of the API key, or empty where no key is needed. ``request_key`` is a digest of
    the sender's own name for the request, which may say anything, and ``request_digest`` one of what was sent with it.
    ``trouble`` names what the last attempt that gave the job back stumbled over; until ``rest_until`` nobody may claim
    it. ``excused`` of its attempts do not count against it. ``inputs_kept`` says whether its upload is still there.

    ``is_readable`` is False for what this version cannot read, such as a job with an option of a later one: its
    ``options`` say nothing then, and it must not be begun here. ``unread_since`` is when it was first passed over.
    """

    id: str
    options: Options
    accepted_at: datetime
    resend_at: datetime
    tenant: str = ""
    priority: Priority = Priority.ROUTINE
    request_key: str | None = None
    request_digest: str | None = None
    upload_files: int = 0
    upload_bytes: int = 0
    inputs_kept: bool = True
    state: State = State.QUEUED
    stage: str = ""
    progress: float = 0.0
    attempt: int = 0
    excused: int = 0
    sends: int = 0
    owner: str | None = None
    lease_until: datetime | None = None
    cancel_requested: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    rest_until: datetime | None = None
    trouble: str = ""
    problem: Problem | None = None
    verdicts: tuple[Verdict, ...] = ()
    warnings: tuple[str, ...] = ()
    results: Mapping[str, str] | None = None
    provenance: Mapping[str, Any] | None = None
    unread_since: datetime | None = None
    is_readable: bool = True


def latest(now: datetime, wait_s: float) -> datetime:
    """No moment that was set ``wait_s`` ahead lies after this one, unless the clock was put back since."""
    return now + timedelta(seconds=wait_s) + CLOCK_SLACK


def _has_come(moment: datetime, now: datetime, wait_s: float) -> bool:
    """Whether a moment has come that was set ``wait_s`` ahead, by this clock or by what it was before it was put."""
    return moment <= now or moment > latest(now, wait_s)


def is_free(job: Job, now: datetime, retries: Retries) -> bool:
    """Whether anybody may claim the job: it waits and has rested, or its owner's lease ran out."""
    if job.state is State.RUNNING:
        return job.lease_until is not None and _has_come(job.lease_until, now, retries.lease_s)
    rested = job.rest_until is None or _has_come(job.rest_until, now, retries.resend_after_s)
    return job.state is State.QUEUED and rested


def free_since(job: Job) -> datetime:
    """Since when a free job could have been claimed."""
    return job.lease_until or job.rest_until or job.accepted_at


def has_attempts_left(job: Job, retries: Retries) -> bool:
    """Whether a claim may begin another attempt."""
    return job.attempt - job.excused < retries.max_attempts


def is_owned_by(job: Job, owner: str) -> bool:
    """Whether ``owner`` may still write: it made the last claim and the job has not ended."""
    return job.state is State.RUNNING and job.owner == owner


def taken(job: Job, owner: str, now: datetime, retries: Retries) -> Job:
    """A free job after somebody asked for it: claimed, ended where it must not be begun again, or passed over."""
    if job.cancel_requested or not has_attempts_left(job, retries):
        return quarantined(job, now)
    if not job.is_readable:
        return passed_over(job, now, retries)
    return claimed(job, owner, now, retries)


def claimed(job: Job, owner: str, now: datetime, retries: Retries) -> Job:
    """A free job after a claim."""
    return replace(
        job,
        state=State.RUNNING,
        stage="",
        progress=0.0,
        attempt=job.attempt + 1,
        owner=owner,
        lease_until=now + timedelta(seconds=retries.lease_s),
        resend_at=now,
        rest_until=None,
        started_at=now,
        unread_since=None,
    )


def passed_over(job: Job, now: datetime, retries: Retries) -> Job:
    """A free job that whoever asked cannot read: it waits, after a rest, for a version that can.

    It does not fail: while a service is brought to a later version, workers of both look at the same table.
    """
    rest = now + timedelta(seconds=retries.resend_after_s)
    return replace(
        job,
        state=State.QUEUED,
        owner=None,
        lease_until=None,
        rest_until=rest,
        resend_at=rest,
        unread_since=job.unread_since or now,
    )


def quarantined(job: Job, now: datetime) -> Job:
    """A free job that is not begun again: it has used up its attempts, or its sender wants it stopped."""
    if job.cancel_requested:
        return ended(job, Ending(State.CANCELLED), now)
    return ended(job, Ending(State.FAILED, quarantine_problem(job.attempt, job.trouble)), now)


def quarantine_problem(attempts: int, trouble: str) -> Problem:
    """Why a job was given up."""
    last = f"{attempts} attempts; the last one " + (f"stumbled over {trouble}" if trouble else "ended without a word")
    return Problem.of(AttemptsExhaustedError(last))


def beaten(job: Job, now: datetime, retries: Retries, stage: str | None, progress: float | None) -> Job:
    """A job after a sign of life of its owner; None leaves stage or progress as it is."""
    return replace(
        job,
        lease_until=now + timedelta(seconds=retries.lease_s),
        stage=job.stage if stage is None else stage,
        progress=job.progress if progress is None else progress,
    )


def ended(job: Job, ending: Ending, now: datetime) -> Job:
    """A job after its end."""
    return replace(
        job,
        state=ending.state,
        progress=1.0 if ending.state is State.DONE else job.progress,
        owner=None,
        lease_until=None,
        ended_at=now,
        problem=ending.problem,
        verdicts=ending.verdicts,
        warnings=ending.warnings,
        results=dict(ending.results) if ending.results else None,
        provenance=dict(ending.provenance) if ending.provenance else None,
    )


def released(job: Job, trouble: str, now: datetime, retries: Retries) -> Job:
    """A job given back by its owner.

    Where it stumbled over some ``trouble`` it rests before the next attempt. Without any, as when a worker is asked to
    stop, it may go on at once, and the attempt does not count against it. Either way it waits from then on only:
    ``rest_until`` tells since when it is free.
    """
    rest = now + timedelta(seconds=retries.resend_after_s if trouble else 0)
    return replace(
        job,
        state=State.QUEUED,
        owner=None,
        lease_until=None,
        trouble=trouble or job.trouble,
        excused=job.excused + (not trouble),
        rest_until=rest,
        resend_at=rest,
    )


def is_overdue(job: Job, now: datetime, retries: Retries) -> bool:
    """Whether the message that wakes a worker for the job should be sent again."""
    return _has_come(job.resend_at, now, longest_resend_wait_s(retries)) and is_free(job, now, retries)


def resent(job: Job, now: datetime, retries: Retries) -> Job:
    """A job whose message was sent again."""
    return replace(job, sends=job.sends + 1, resend_at=now + resend_wait(job.sends, retries))


def resend_wait(sends: int, retries: Retries) -> timedelta:
    """How long to wait for a claim after the message was sent ``sends`` + 1 times."""
    return timedelta(seconds=retries.resend_after_s * 2 ** min(sends, RESEND_DOUBLINGS))


def longest_resend_wait_s(retries: Retries) -> float:
    """No message waits longer before it is sent again, in seconds."""
    return retries.resend_after_s * 2.0**RESEND_DOUBLINGS


def cancelled(job: Job, now: datetime) -> Job:
    """A job whose sender wants it stopped: at once where it waits, by a flag that its owner reads where it runs."""
    if job.state is State.QUEUED:
        return ended(replace(job, cancel_requested=True), Ending(State.CANCELLED), now)
    if job.state is State.RUNNING:
        return replace(job, cancel_requested=True)
    return job
