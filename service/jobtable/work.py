"""The way of a job in SQL: see ``service.jobstore.port.Work``."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.database import Instant, changing, insert_into, read, write
from service.jobs import (
    EVERY_PRIORITY,
    Ending,
    Job,
    Priority,
    Retries,
    State,
    latest,
    longest_resend_wait_s,
    resend_wait,
    taken,
)
from service.jobstore import Beat, Clock, Witness, nobody
from service.jobtable.rows import as_job, as_record, as_row, changes
from service.jobtable.schema import jobs, tenants

log = logging.getLogger(__name__)


class SqlWork:
    """A ``Work`` in a database that several processes share."""

    def __init__(self, engine: sa.Engine, retries: Retries, clock: Clock) -> None:
        self._engine = engine
        self._retries = retries
        self._clock = clock

    def accept(self, job: Job, witness: Witness = nobody) -> Job:
        """See ``Work.accept``."""
        insert = insert_into(self._engine, jobs).values(as_row(job))
        once = insert.on_conflict_do_nothing(index_elements=["tenant", "request_key"]).returning(jobs.c.id)
        same = sa.select(jobs).where(jobs.c.tenant == job.tenant, jobs.c.request_key == job.request_key)
        while True:  # the job that was there may be erased before it is read
            with changing(self._engine) as connection:
                if connection.execute(once).first() is not None:
                    witness()
                    return job
            if rows := read(self._engine, same):
                return as_job(rows[0])

    def get(self, job_id: str) -> Job | None:
        """See ``Work.get``."""
        rows = read(self._engine, sa.select(jobs).where(jobs.c.id == job_id))
        return as_job(rows[0]) if rows else None

    def claim_next(self, owner: str, priorities: Collection[Priority] = EVERY_PRIORITY) -> Job | None:
        """See ``Work.claim_next``."""
        now = self._clock()
        while True:
            with changing(self._engine) as connection:
                row = connection.execute(_whose_turn_it_is(is_free(now, self._retries), priorities)).first()
                if row is None:
                    return None
                found = as_job(row)
                job = taken(found, owner, now, self._retries)
                connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(changes(found, job)))
                if job.state is State.RUNNING:
                    self._note_turn(connection, job.tenant, now)
                    return job
            if job.state is State.QUEUED:
                log.warning("job %s: this version cannot read it, so it waits for one that can", job.id)

    def _note_turn(self, connection: sa.Connection, tenant: str, now: datetime) -> None:
        last = sa.select(sa.func.coalesce(sa.func.max(tenants.c.turn), 0)).scalar_subquery()
        turn = {"turn": last + 1, "claimed_at": now}
        insert = insert_into(self._engine, tenants).values(id=tenant, **turn)
        connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=turn))

    def beat(self, job_id: str, owner: str, stage: str | None = None, progress: float | None = None) -> Beat | None:
        """See ``Work.beat``."""
        news: dict[str, Any] = {"lease_until": self._clock() + timedelta(seconds=self._retries.lease_s)}
        news |= {} if stage is None else {"stage": stage}
        news |= {} if progress is None else {"progress": progress}
        rows = write(self._engine, _owned(job_id, owner).values(news).returning(jobs.c.cancel_requested))
        return Beat(bool(rows[0].cancel_requested)) if rows else None

    def end(self, job_id: str, owner: str, ending: Ending) -> bool:
        """See ``Work.end``."""
        values: dict[str, Any] = {
            "state": ending.state,
            "owner": None,
            "lease_until": None,
            "ended_at": self._clock(),
            "problem": as_record(ending.problem),
            "verdicts": [as_record(verdict) for verdict in ending.verdicts],
            "warnings": list(ending.warnings),
            "results": dict(ending.results) if ending.results else None,
            "provenance": dict(ending.provenance) if ending.provenance else None,
        }
        values |= {"progress": 1.0} if ending.state is State.DONE else {}
        return bool(write(self._engine, _owned(job_id, owner).values(values).returning(jobs.c.id)))

    def release(self, job_id: str, owner: str, trouble: str) -> bool:
        """See ``Work.release``."""
        now = self._clock()
        rest = now + timedelta(seconds=self._retries.resend_after_s if trouble else 0)
        values: dict[str, Any] = {
            "state": State.QUEUED,
            "owner": None,
            "lease_until": None,
            "rest_until": rest,
            "resend_at": rest,
        }
        values |= {"trouble": trouble} if trouble else {"excused": jobs.c.excused + 1}
        return bool(write(self._engine, _owned(job_id, owner).values(values).returning(jobs.c.id)))

    def cancel(self, job_id: str) -> Job | None:
        """See ``Work.cancel``."""
        waiting = jobs.c.state == State.QUEUED
        values = {
            "cancel_requested": True,
            "state": sa.case((waiting, State.CANCELLED.value), else_=jobs.c.state),
            "ended_at": sa.case((waiting, sa.bindparam("now", self._clock(), Instant)), else_=jobs.c.ended_at),
        }
        open_ = jobs.c.state.in_([State.QUEUED, State.RUNNING])
        write(self._engine, sa.update(jobs).where(jobs.c.id == job_id, open_).values(values))
        return self.get(job_id)

    def take_overdue(self) -> list[Job]:
        """See ``Work.take_overdue``."""
        now = self._clock()
        is_due = (
            _has_come(jobs.c.resend_at, now, longest_resend_wait_s(self._retries)),
            is_free(now, self._retries),
        )
        overdue = sa.select(jobs.c.id, jobs.c.sends).where(*is_due)
        found = []
        for row in read(self._engine, overdue.order_by(jobs.c.accepted_at, jobs.c.id)):
            unseen = (jobs.c.id == row.id, jobs.c.sends == row.sends, *is_due)
            values = {"sends": row.sends + 1, "resend_at": now + resend_wait(row.sends, self._retries)}
            found += write(self._engine, sa.update(jobs).where(*unseen).values(values).returning(jobs))
        return [as_job(row) for row in found]


def is_free(now: datetime, retries: Retries) -> sa.ColumnElement[bool]:
    """``service.jobs.is_free`` in SQL."""
    rested = sa.or_(jobs.c.rest_until.is_(None), _has_come(jobs.c.rest_until, now, retries.resend_after_s))
    return sa.or_(
        sa.and_(jobs.c.state == State.QUEUED, rested),
        sa.and_(jobs.c.state == State.RUNNING, _has_come(jobs.c.lease_until, now, retries.lease_s)),
    )


def _has_come(moment: sa.ColumnElement[Any], now: datetime, wait_s: float) -> sa.ColumnElement[bool]:
    return sa.or_(moment <= now, moment > latest(now, wait_s))


def _whose_turn_it_is(free: sa.ColumnElement[bool], priorities: Collection[Priority]) -> sa.Select[Any]:
    """The free job that is claimed next. Its row is locked; one that somebody else has locked is passed over."""
    return (
        sa.select(jobs)
        .outerjoin(tenants, tenants.c.id == jobs.c.tenant)
        .where(free, jobs.c.priority.in_(priorities))
        .order_by(
            sa.case((jobs.c.priority == Priority.URGENT, 0), else_=1),
            sa.func.coalesce(tenants.c.turn, 0),
            jobs.c.accepted_at,
            jobs.c.id,
        )
        .limit(1)
        .with_for_update(of=jobs, skip_locked=True)
    )


def _owned(job_id: str, owner: str) -> sa.Update:
    """``service.jobs.is_owned_by`` in SQL: the fence that every write of a worker must pass."""
    mine = (jobs.c.id == job_id, jobs.c.state == State.RUNNING, jobs.c.owner == owner)
    return sa.update(jobs).where(*mine)
