"""The tables, and the way from an older form of them to this one."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from pedcontour.errors import JobTableTooNewError
from service.jobs import Priority, State
from service.jobstore import RUN_BUCKETS_S

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

LONGEST_RUNS = 0
"""The bucket of runs that are longer than every bound."""


class Instant(sa.types.TypeDecorator[datetime]):
    """A point in time as whole microseconds since 1970 UTC: exact in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """See ``TypeDecorator``."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        """See ``TypeDecorator``."""
        return None if value is None else EPOCH + value * MICROSECOND


metadata = sa.MetaData()

# Columns that came later have a server's default, so that a program of the version before can still write.
jobs = sa.Table(
    "jobs",
    metadata,
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
    sa.Column("lease_until", Instant),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("accepted_at", Instant, nullable=False),
    sa.Column("resend_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("ended_at", Instant),
    sa.Column("trouble", sa.String(128), nullable=False),
    sa.Column("problem", sa.JSON(none_as_null=True)),
    sa.Column("verdicts", sa.JSON, nullable=False),
    sa.Column("warnings", sa.JSON, nullable=False),
    sa.Column("results", sa.JSON(none_as_null=True)),
    # Since version 2
    sa.Column("priority", sa.String(16), nullable=False, server_default=Priority.ROUTINE.value),
    sa.Column("request_key", sa.String(64)),
    sa.Column("request_digest", sa.String(64)),
    sa.Column("rest_until", Instant),
    sa.Column("excused", sa.Integer, nullable=False, server_default="0"),
    sa.Column("inputs_kept", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Index("ix_jobs_of_tenant", "tenant", "accepted_at", "id"),
    sa.Index("ix_jobs_ended", "ended_at"),
    sa.Index("ux_jobs_request", "tenant", "request_key", unique=True),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("seen_at", Instant, nullable=False),
)

tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    # Turns are counted, not timed: a clock that is put back must not make a tenant wait.
    sa.Column("turn", sa.BigInteger, nullable=False, index=True),
    sa.Column("claimed_at", Instant, nullable=False),
)

run_times = sa.Table(
    "run_times",
    metadata,
    sa.Column("bound_s", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("jobs", sa.BigInteger, nullable=False),
    sa.Column("microseconds", sa.BigInteger, nullable=False),
)

tombstones = sa.Table(
    "tombstones",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("erased_at", Instant, nullable=False),
)

duties = sa.Table(
    "duties",
    metadata,
    sa.Column("duty", sa.String(64), primary_key=True),
    sa.Column("holder", sa.String(128), nullable=False),
    sa.Column("until", Instant, nullable=False),
)

version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False))


def bound_of(run: timedelta) -> int:
    """The bucket that a run time is counted in."""
    return next((int(bound) for bound in RUN_BUCKETS_S if run.total_seconds() <= bound), LONGEST_RUNS)


def prepare_tables(connection: sa.Connection) -> None:
    """Make the tables, or bring older ones forward; the caller holds the one lock and commits.

    Raises ``JobTableTooNewError`` for the tables of a later version, which are left as they are.
    """
    found = _found_version(connection)
    if found > VERSION:
        raise JobTableTooNewError(f"its version is {found}, this program's is {VERSION}")
    if found:
        for step in _STEPS[found - 1 :]:
            step(connection)
    for table in metadata.sorted_tables:
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
    if found != VERSION:
        connection.execute(sa.delete(version))
        connection.execute(sa.insert(version).values(version=VERSION))
    if found == 1:
        _count_runs_so_far(connection)


def _found_version(connection: sa.Connection) -> int:
    """0 where there is no table; 1 wrote down no version."""
    inspector = sa.inspect(connection)
    if inspector.has_table(version.name):
        return int(connection.execute(sa.select(version.c.version)).scalar_one())
    return 1 if inspector.has_table(jobs.name) else 0


def _from_1_to_2(connection: sa.Connection) -> None:
    """Fair turns, request keys, rests, retention."""
    for name in ("priority", "request_key", "request_digest", "rest_until", "excused", "inputs_kept"):
        column = sa.schema.CreateColumn(jobs.c[name]).compile(dialect=connection.dialect)
        connection.execute(sa.text(f"ALTER TABLE jobs ADD COLUMN {column}"))


def _count_runs_so_far(connection: sa.Connection) -> None:
    done = sa.select(jobs.c.started_at, jobs.c.ended_at).where(jobs.c.state == State.DONE)
    counts: dict[int, tuple[int, int]] = {}
    for row in connection.execute(done).all():
        run = row.ended_at - row.started_at
        n, total = counts.get(bound_of(run), (0, 0))
        counts[bound_of(run)] = (n + 1, total + run // MICROSECOND)
    for bound, (n, total) in counts.items():
        connection.execute(sa.insert(run_times).values(bound_s=bound, jobs=n, microseconds=total))


_STEPS: Sequence[Callable[[sa.Connection], None]] = (_from_1_to_2,)
"""The n-th step leads from version n to the next."""

VERSION = len(_STEPS) + 1
"""The version that this program writes."""
