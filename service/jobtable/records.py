"""What can be seen of jobs and workers in SQL: see ``service.jobstore.port.Records``."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.database import Instant, insert_into, read, write
from service.jobs import EVERY_PRIORITY, Job, Priority, Retries, State
from service.jobstore import QUARANTINED, Backlog, Clock, Listing, Standing, Statistics
from service.jobtable.rows import as_job, as_state
from service.jobtable.schema import jobs, tenants, workers
from service.jobtable.work import is_free


class SqlRecords:
    """A ``Records`` in a database that several processes share."""

    def __init__(self, engine: sa.Engine, retries: Retries, clock: Clock) -> None:
        self._engine = engine
        self._retries = retries
        self._clock = clock

    def list_jobs(self, listing: Listing) -> list[Job]:
        """See ``Records.list_jobs``."""
        wanted = sa.select(jobs).where(jobs.c.tenant == listing.tenant)
        if listing.states:
            wanted = wanted.where(jobs.c.state.in_(listing.states))
        if listing.since is not None:
            wanted = wanted.where(jobs.c.accepted_at >= listing.since)
        if listing.until is not None:
            wanted = wanted.where(jobs.c.accepted_at < listing.until)
        if (after := listing.after) is not None:
            older = jobs.c.accepted_at < after.accepted_at
            wanted = wanted.where(
                sa.or_(older, sa.and_(jobs.c.accepted_at == after.accepted_at, jobs.c.id < after.job_id))
            )
        newest_first = wanted.order_by(jobs.c.accepted_at.desc(), jobs.c.id.desc()).limit(listing.limit)
        return [as_job(row) for row in read(self._engine, newest_first)]

    def standings(self, job_ids: Collection[str]) -> dict[str, Standing]:
        """See ``Records.standings``."""
        columns = (jobs.c.id, jobs.c.state, jobs.c.stage, jobs.c.progress, jobs.c.attempt)
        rows = read(self._engine, sa.select(*columns).where(jobs.c.id.in_(job_ids)))
        return {row.id: Standing(as_state(row.state), row.stage, row.progress, row.attempt) for row in rows}

    def backlog(self, priorities: Collection[Priority] = EVERY_PRIORITY, tenant: str | None = None) -> Backlog:
        """See ``Records.backlog``."""
        free = is_free(self._clock(), self._retries)
        free_since = sa.func.coalesce(jobs.c.lease_until, jobs.c.rest_until, jobs.c.accepted_at)
        open_ = [jobs.c.state.in_([State.QUEUED, State.RUNNING]), jobs.c.priority.in_(priorities)]
        counted = sa.select(
            _count(jobs.c.state == State.QUEUED).label("waiting"),
            _count(sa.and_(jobs.c.state == State.RUNNING, sa.not_(free))).label("running"),
            sa.func.min(sa.case((free, free_since)), type_=Instant).label("free_since"),
            sa.func.min(sa.case((jobs.c.state == State.QUEUED, jobs.c.unread_since)), type_=Instant).label("unread"),
        ).where(*open_, *([] if tenant is None else [jobs.c.tenant == tenant]))
        [row] = read(self._engine, counted)
        return Backlog(int(row.waiting or 0), int(row.running or 0), row.free_since, self._last_claim(), row.unread)

    def worker_seen(self, worker: str) -> None:
        """See ``Records.worker_seen``."""
        seen = {"id": worker, "seen_at": self._clock()}
        insert = insert_into(self._engine, workers).values(seen)
        write(self._engine, insert.on_conflict_do_update(index_elements=["id"], set_=seen))

    def last_worker_seen(self, host: str | None = None) -> datetime | None:
        """See ``Records.last_worker_seen``."""
        last = sa.select(sa.func.max(workers.c.seen_at, type_=Instant))
        if host is not None:
            last = last.where(workers.c.id.startswith(f"{host}:", autoescape=True))
        seen: datetime | None = read(self._engine, last)[0][0]
        return seen

    def statistics(self) -> Statistics:
        """See ``Records.statistics``."""
        counts = read(self._engine, sa.select(jobs.c.state, sa.func.count()).group_by(jobs.c.state))
        told = {row[0]: int(row[1]) for row in counts}
        oldest = sa.select(sa.func.min(jobs.c.accepted_at, type_=Instant)).where(jobs.c.state == State.QUEUED)
        set_aside = jobs.c.problem["code"].as_string() == QUARANTINED
        silent = sa.and_(jobs.c.state == State.RUNNING, is_free(self._clock(), self._retries))
        unread = sa.and_(jobs.c.state == State.QUEUED, jobs.c.unread_since.is_not(None))
        [extra] = read(self._engine, sa.select(_count(set_aside), _count(silent), _count(unread)))
        return Statistics(
            by_state={state: told.get(state, 0) for state in State},
            oldest_waiting_since=read(self._engine, oldest)[0][0],
            last_claim_at=self._last_claim(),
            quarantined=int(extra[0] or 0),
            expired_leases=int(extra[1] or 0),
            unreadable=int(extra[2] or 0),
        )

    def check(self) -> None:
        """See ``Records.check``."""
        read(self._engine, sa.select(jobs.c.id).limit(1))

    def now(self) -> datetime:
        """See ``Records.now``."""
        return self._clock()

    def _last_claim(self) -> datetime | None:
        last: datetime | None = read(self._engine, sa.select(sa.func.max(tenants.c.claimed_at, type_=Instant)))[0][0]
        return last


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    return sa.func.sum(sa.case((condition, 1), else_=0))
