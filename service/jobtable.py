"""The job table in SQL: SQLite for one host, PostgreSQL by URL for several. Core only; every change is one statement.

The table holds no patient data: file counts, options, organ verdicts and the codes of problems. The one identifier of
an image that may be in it is the Series Instance UID that a sender chose a series by.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from pedcontour.verdicts import Outcome, Verdict
from service import database, jobs
from service.database import Instant as _Instant
from service.database import as_job_table_error, open_database
from service.jobs import DEFAULT_RETRIES, Ending, Job, Options, Problem, Retries, State
from service.jobstore import QUARANTINED, Beat, Clock, Statistics, utc_now

_metadata = sa.MetaData()

_jobs = sa.Table(
    "jobs",
    _metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("upload_files", sa.Integer, nullable=False),
    sa.Column("upload_bytes", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("stage", sa.String(32), nullable=False),
    sa.Column("progress", sa.Double, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("sends", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(128)),
    sa.Column("lease_until", _Instant),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("accepted_at", _Instant, nullable=False),
    sa.Column("resend_at", _Instant, nullable=False),
    sa.Column("started_at", _Instant),
    sa.Column("ended_at", _Instant),
    sa.Column("trouble", sa.String(128), nullable=False),
    sa.Column("problem", sa.JSON(none_as_null=True)),
    sa.Column("verdicts", sa.JSON, nullable=False),
    sa.Column("warnings", sa.JSON, nullable=False),
    sa.Column("results", sa.JSON(none_as_null=True)),
    sa.Column("provenance", sa.JSON(none_as_null=True)),
)

_workers = sa.Table(
    "workers",
    _metadata,
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("seen_at", _Instant, nullable=False),
)


def open_job_table(url: str, retries: Retries = DEFAULT_RETRIES, clock: Clock = utc_now) -> "SqlJobStore":
    """The job table at an SQLAlchemy URL, made where it is not there yet."""
    engine = open_database(url, _metadata)
    with as_job_table_error(), engine.begin() as connection:
        _add_provenance(connection)
    return SqlJobStore(engine, retries, clock)


def _add_provenance(connection: sa.Connection) -> None:
    """Bring a table forward that was made before results had a provenance."""
    if "provenance" not in {column["name"] for column in sa.inspect(connection).get_columns(_jobs.name)}:
        column = sa.schema.CreateColumn(_jobs.c.provenance).compile(dialect=connection.dialect)
        connection.execute(sa.text(f"ALTER TABLE jobs ADD COLUMN {column}"))


class SqlJobStore:
    """A ``JobStore`` in a database that several processes share."""

    def __init__(self, engine: sa.Engine, retries: Retries, clock: Clock) -> None:
        self._engine = engine
        self._retries = retries
        self._clock = clock

    def accept(self, job: Job) -> None:
        """See ``JobStore.accept``."""
        self._write(sa.insert(_jobs).values(_as_row(job)))

    def get(self, job_id: str) -> Job | None:
        """See ``JobStore.get``."""
        rows = self._read(sa.select(_jobs).where(_jobs.c.id == job_id))
        return _as_job(rows[0]) if rows else None

    def claim(self, job_id: str, owner: str) -> Job | None:
        """See ``JobStore.claim``."""
        now = self._clock()
        free = sa.update(_jobs).where(_jobs.c.id == job_id, _is_free(now))
        claim = free.where(_jobs.c.attempt < self._retries.max_attempts).values(
            state=State.RUNNING,
            stage="",
            progress=0.0,
            attempt=_jobs.c.attempt + 1,
            owner=owner,
            lease_until=now + timedelta(seconds=self._retries.lease_s),
            resend_at=now,
            started_at=now,
        )
        rows = self._write(claim.returning(_jobs))
        if rows:
            return _as_job(rows[0])
        self._quarantine(job_id, now)
        return None

    def _quarantine(self, job_id: str, now: datetime) -> None:
        job = self.get(job_id)
        if job is not None and job.attempt >= self._retries.max_attempts and jobs.is_free(job, now):
            given_up = _as_row(jobs.quarantined(job, now))
            unchanged = (_jobs.c.attempt == job.attempt, _jobs.c.cancel_requested == job.cancel_requested)
            same = (_jobs.c.id == job_id, *unchanged, _is_free(now))
            self._write(sa.update(_jobs).where(*same).values(given_up))

    def beat(self, job_id: str, owner: str, stage: str | None = None, progress: float | None = None) -> Beat | None:
        """See ``JobStore.beat``."""
        news: dict[str, Any] = {"lease_until": self._clock() + timedelta(seconds=self._retries.lease_s)}
        news |= {} if stage is None else {"stage": stage}
        news |= {} if progress is None else {"progress": progress}
        rows = self._write(_owned(job_id, owner).values(news).returning(_jobs.c.cancel_requested))
        return Beat(bool(rows[0].cancel_requested)) if rows else None

    def end(self, job_id: str, owner: str, ending: Ending) -> bool:
        """See ``JobStore.end``."""
        values: dict[str, Any] = {
            "state": ending.state,
            "owner": None,
            "lease_until": None,
            "ended_at": self._clock(),
            "problem": _as_record(ending.problem),
            "verdicts": [_as_record(verdict) for verdict in ending.verdicts],
            "warnings": list(ending.warnings),
            "results": dict(ending.results) if ending.results else None,
            "provenance": dict(ending.provenance) if ending.provenance else None,
        }
        values |= {"progress": 1.0} if ending.state is State.DONE else {}
        return bool(self._write(_owned(job_id, owner).values(values).returning(_jobs.c.id)))

    def release(self, job_id: str, owner: str, trouble: str) -> bool:
        """See ``JobStore.release``."""
        given_back = _owned(job_id, owner).values(
            state=State.QUEUED,
            owner=None,
            lease_until=None,
            trouble=trouble,
            resend_at=self._clock() + timedelta(seconds=self._retries.resend_after_s),
        )
        return bool(self._write(given_back.returning(_jobs.c.id)))

    def cancel(self, job_id: str) -> Job | None:
        """See ``JobStore.cancel``."""
        waiting = _jobs.c.state == State.QUEUED
        values = {
            "cancel_requested": True,
            "state": sa.case((waiting, State.CANCELLED.value), else_=_jobs.c.state),
            "ended_at": sa.case((waiting, sa.bindparam("now", self._clock(), _Instant)), else_=_jobs.c.ended_at),
        }
        open_ = _jobs.c.state.in_([State.QUEUED, State.RUNNING])
        self._write(sa.update(_jobs).where(_jobs.c.id == job_id, open_).values(values))
        return self.get(job_id)

    def take_overdue(self) -> list[str]:
        """See ``JobStore.take_overdue``."""
        now = self._clock()
        overdue = sa.select(_jobs.c.id, _jobs.c.sends).where(_jobs.c.resend_at <= now, _is_free(now))
        taken = []
        for row in self._read(overdue.order_by(_jobs.c.accepted_at, _jobs.c.id)):
            unseen = (_jobs.c.id == row.id, _jobs.c.sends == row.sends, _jobs.c.resend_at <= now, _is_free(now))
            later = now + jobs.resend_wait(row.sends, self._retries)
            values = {"sends": row.sends + 1, "resend_at": later}
            if self._write(sa.update(_jobs).where(*unseen).values(values).returning(_jobs.c.id)):
                taken.append(str(row.id))
        return taken

    def worker_seen(self, worker: str) -> None:
        """See ``JobStore.worker_seen``."""
        seen = {"id": worker, "seen_at": self._clock()}
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        self._write(insert(_workers).values(seen).on_conflict_do_update(index_elements=["id"], set_=seen))

    def last_worker_seen(self, host: str | None = None) -> datetime | None:
        """See ``JobStore.last_worker_seen``."""
        last = sa.select(sa.func.max(_workers.c.seen_at, type_=_Instant))
        if host is not None:
            last = last.where(_workers.c.id.startswith(f"{host}:", autoescape=True))
        seen: datetime | None = self._read(last)[0][0]
        return seen

    def statistics(self) -> Statistics:
        """See ``JobStore.statistics``."""
        counts = self._read(sa.select(_jobs.c.state, sa.func.count()).group_by(_jobs.c.state))
        by_state = dict.fromkeys(State, 0) | {State(row[0]): int(row[1]) for row in counts}
        oldest = sa.select(sa.func.min(_jobs.c.accepted_at, type_=_Instant)).where(_jobs.c.state == State.QUEUED)
        last = sa.select(sa.func.max(_jobs.c.started_at, type_=_Instant))
        set_aside = _jobs.c.problem["code"].as_string() == QUARANTINED
        silent = sa.and_(_jobs.c.state == State.RUNNING, _is_free(self._clock()))
        return Statistics(
            by_state=by_state,
            oldest_waiting_since=self._read(oldest)[0][0],
            last_claim_at=self._read(last)[0][0],
            quarantined=self._count(set_aside),
            expired_leases=self._count(silent),
        )

    def check(self) -> None:
        """See ``JobStore.check``."""
        self._read(sa.select(_jobs.c.id).limit(1))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _count(self, condition: sa.ColumnElement[bool]) -> int:
        return int(self._read(sa.select(sa.func.count()).select_from(_jobs).where(condition))[0][0])

    def _read(self, statement: Any) -> list[Any]:
        return database.read(self._engine, statement)

    def _write(self, statement: Any) -> list[Any]:
        return database.write(self._engine, statement)


def _is_free(now: datetime) -> sa.ColumnElement[bool]:
    """``jobs.is_free`` in SQL."""
    return sa.or_(_jobs.c.state == State.QUEUED, sa.and_(_jobs.c.state == State.RUNNING, _jobs.c.lease_until <= now))


def _owned(job_id: str, owner: str) -> sa.Update:
    """``jobs.is_owned_by`` in SQL: the fence that every write of a worker must pass."""
    mine = (_jobs.c.id == job_id, _jobs.c.state == State.RUNNING, _jobs.c.owner == owner)
    return sa.update(_jobs).where(*mine)


def _as_record(value: Problem | Verdict | Options | None) -> dict[str, Any] | None:
    return None if value is None else dict(vars(value))


def _as_row(job: Job) -> dict[str, Any]:
    return vars(job) | {
        "options": _as_record(job.options),
        "problem": _as_record(job.problem),
        "verdicts": [_as_record(verdict) for verdict in job.verdicts],
        "warnings": list(job.warnings),
    }


def _as_job(row: Any) -> Job:
    values = dict(row._mapping)
    options, problem = values["options"], values["problem"]
    structures = options["structures"]
    values["options"] = Options(
        **options
        | {"structures": None if structures is None else tuple(structures), "absent": tuple(options["absent"])}
    )
    values["problem"] = problem and Problem(**problem | {"instance_uids": tuple(problem["instance_uids"])})
    values["verdicts"] = tuple(
        Verdict(**verdict | {"outcome": Outcome(verdict["outcome"])}) for verdict in values["verdicts"]
    )
    values["warnings"] = tuple(values["warnings"])
    values["state"] = State(values["state"])
    return Job(**values)
