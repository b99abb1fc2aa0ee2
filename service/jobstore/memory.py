"""A job store in memory: for tests, and for a service that must leave nothing behind."""

import threading
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from service import jobs
from service.jobs import DEFAULT_RETRIES, EVERY_PRIORITY, Ending, Job, Priority, Retries, State
from service.jobstore.port import (
    QUARANTINED,
    Backlog,
    Beat,
    Clock,
    Listing,
    Standing,
    Statistics,
    Tombstone,
    Witness,
    nobody,
    utc_now,
)


class MemoryJobStore:
    """A ``JobStore`` that lives as long as its process."""

    def __init__(self, retries: Retries = DEFAULT_RETRIES, clock: Clock = utc_now) -> None:
        self._retries = retries
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._turns: dict[str, int] = {}
        self._last_claim_at: datetime | None = None
        self._workers: dict[str, datetime] = {}
        self._tombstones: dict[str, Tombstone] = {}
        self._duties: dict[str, tuple[str, datetime]] = {}
        self._lock = threading.RLock()

    def accept(self, job: Job, witness: Witness = nobody) -> Job:
        """See ``Work.accept``."""
        with self._lock:
            for kept in self._jobs.values():
                if job.request_key is not None and (kept.tenant, kept.request_key) == (job.tenant, job.request_key):
                    return kept
            witness()
            self._jobs[job.id] = job
            return job

    def get(self, job_id: str) -> Job | None:
        """See ``Work.get``."""
        with self._lock:
            return self._jobs.get(job_id)

    def claim_next(self, owner: str, priorities: Collection[Priority] = EVERY_PRIORITY) -> Job | None:
        """See ``Work.claim_next``."""
        now = self._clock()
        with self._lock:
            free = (job for job in self._jobs.values() if job.priority in priorities and self._is_free(job, now))
            for job in sorted(free, key=self._order):
                after = jobs.taken(job, owner, now, self._retries)
                self._jobs[job.id] = after
                if after.state is State.RUNNING:
                    self._turns[job.tenant] = max(self._turns.values(), default=0) + 1
                    self._last_claim_at = now
                    return after
            return None

    def _is_free(self, job: Job, now: datetime) -> bool:
        return jobs.is_free(job, now, self._retries)

    def _order(self, job: Job) -> tuple[bool, int, datetime, str]:
        return (job.priority is not Priority.URGENT, self._turns.get(job.tenant, 0), job.accepted_at, job.id)

    def beat(self, job_id: str, owner: str, stage: str | None = None, progress: float | None = None) -> Beat | None:
        """See ``Work.beat``."""
        with self._lock:
            job = self._owned(job_id, owner)
            if job is None:
                return None
            self._jobs[job_id] = jobs.beaten(job, self._clock(), self._retries, stage, progress)
            return Beat(job.cancel_requested)

    def end(self, job_id: str, owner: str, ending: Ending) -> bool:
        """See ``Work.end``."""
        with self._lock:
            job = self._owned(job_id, owner)
            if job is not None:
                self._jobs[job_id] = jobs.ended(job, ending, self._clock())
            return job is not None

    def release(self, job_id: str, owner: str, trouble: str) -> bool:
        """See ``Work.release``."""
        with self._lock:
            job = self._owned(job_id, owner)
            if job is not None:
                self._jobs[job_id] = jobs.released(job, trouble, self._clock(), self._retries)
            return job is not None

    def cancel(self, job_id: str) -> Job | None:
        """See ``Work.cancel``."""
        with self._lock:
            if job_id not in self._jobs:
                return None
            self._jobs[job_id] = jobs.cancelled(self._jobs[job_id], self._clock())
            return self._jobs[job_id]

    def take_overdue(self) -> list[Job]:
        """See ``Work.take_overdue``."""
        now = self._clock()
        with self._lock:
            overdue = [job for job in self._jobs.values() if jobs.is_overdue(job, now, self._retries)]
            for job in overdue:
                self._jobs[job.id] = jobs.resent(job, now, self._retries)
            return [self._jobs[job.id] for job in sorted(overdue, key=lambda job: (job.accepted_at, job.id))]

    def list_jobs(self, listing: Listing) -> list[Job]:
        """See ``Records.list_jobs``."""
        with self._lock:
            every = sorted(self._jobs.values(), key=lambda job: (job.accepted_at, job.id), reverse=True)
        return [job for job in every if _is_listed(job, listing)][: listing.limit]

    def standings(self, job_ids: Collection[str]) -> dict[str, Standing]:
        """See ``Records.standings``."""
        with self._lock:
            return {job_id: Standing.of(self._jobs[job_id]) for job_id in job_ids if job_id in self._jobs}

    def backlog(self, priorities: Collection[Priority] = EVERY_PRIORITY, tenant: str | None = None) -> Backlog:
        """See ``Records.backlog``."""
        now = self._clock()
        with self._lock:
            asked = [job for job in self._jobs.values() if job.priority in priorities and tenant in (None, job.tenant)]
        free = [jobs.free_since(job) for job in asked if self._is_free(job, now)]
        unread = [job.unread_since for job in asked if job.state is State.QUEUED and job.unread_since is not None]
        return Backlog(
            waiting=sum(job.state is State.QUEUED for job in asked),
            running=sum(job.state is State.RUNNING and not self._is_free(job, now) for job in asked),
            free_since=min(free, default=None),
            last_claim_at=self._last_claim_at,
            unread_since=min(unread, default=None),
        )

    def worker_seen(self, worker: str) -> None:
        """See ``Records.worker_seen``."""
        with self._lock:
            self._workers[worker] = self._clock()

    def last_worker_seen(self, host: str | None = None) -> datetime | None:
        """See ``Records.last_worker_seen``."""
        with self._lock:
            asked = {name: seen for name, seen in self._workers.items() if host is None or name.startswith(f"{host}:")}
            return max(asked.values(), default=None)

    def statistics(self) -> Statistics:
        """See ``Records.statistics``."""
        with self._lock:
            every = list(self._jobs.values())
        now = self._clock()
        return Statistics(
            by_state={state: sum(job.state is state for job in every) for state in State},
            oldest_waiting_since=min((job.accepted_at for job in every if job.state is State.QUEUED), default=None),
            last_claim_at=self._last_claim_at,
            quarantined=sum(job.problem is not None and job.problem.code == QUARANTINED for job in every),
            expired_leases=sum(job.state is State.RUNNING and self._is_free(job, now) for job in every),
            unreadable=sum(job.state is State.QUEUED and job.unread_since is not None for job in every),
        )

    def check(self) -> None:
        """See ``Records.check``: memory is always there."""

    def now(self) -> datetime:
        """See ``Records.now``."""
        return self._clock()

    def erase(self, job_id: str) -> bool:
        """See ``Erasure.erase``."""
        with self._lock:
            if self._jobs.pop(job_id, None) is None:
                return False
            self._tombstones[job_id] = Tombstone(job_id, self._clock())
            return True

    def ended_before(self, moment: datetime, *, with_inputs: bool, limit: int) -> list[str]:
        """See ``Erasure.ended_before``."""
        with self._lock:
            found = [
                (job.ended_at, job.id)
                for job in self._jobs.values()
                if job.ended_at is not None and job.ended_at <= moment and (job.inputs_kept or not with_inputs)
            ]
        return [job_id for _, job_id in sorted(found)][:limit]

    def note_inputs_erased(self, job_id: str) -> None:
        """See ``Erasure.note_inputs_erased``."""
        with self._lock:
            if job_id in self._jobs:
                self._jobs[job_id] = replace(self._jobs[job_id], inputs_kept=False)

    def tombstones(self) -> list[Tombstone]:
        """See ``Erasure.tombstones``."""
        with self._lock:
            return sorted(self._tombstones.values(), key=lambda tombstone: (tombstone.erased_at, tombstone.job_id))

    def bury(self, job_id: str) -> None:
        """See ``Erasure.bury``."""
        with self._lock:
            self._tombstones.pop(job_id, None)

    def take_duty(self, duty: str, holder: str, for_s: float) -> bool:
        """See ``Erasure.take_duty``."""
        now = self._clock()
        with self._lock:
            current, until = self._duties.get(duty, (holder, now))
            if current != holder and until > now:
                return False
            self._duties[duty] = (holder, now + timedelta(seconds=for_s))
            return True

    def _owned(self, job_id: str, owner: str) -> Job | None:
        job = self._jobs.get(job_id)
        return job if job is not None and jobs.is_owned_by(job, owner) else None


def _is_listed(job: Job, listing: Listing) -> bool:
    after = listing.after
    return (
        job.tenant == listing.tenant
        and (not listing.states or job.state in listing.states)
        and (listing.since is None or job.accepted_at >= listing.since)
        and (listing.until is None or job.accepted_at < listing.until)
        and (after is None or (job.accepted_at, job.id) < (after.accepted_at, after.job_id))
    )
