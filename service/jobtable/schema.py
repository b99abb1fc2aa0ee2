"""The tables, and the way from an older form of them to this one."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from pedcontour.errors import JobTableTooNewError
from service.database import Instant, make_tables
from service.jobs import Priority

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
    sa.Column("provenance", sa.JSON(none_as_null=True)),
    sa.Column("inputs_kept", sa.Boolean, nullable=False, server_default=sa.true()),
    # Since version 3
    sa.Column("unread_since", Instant),
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
    make_tables(connection, metadata)
    if found != VERSION:
        connection.execute(sa.delete(version))
        connection.execute(sa.insert(version).values(version=VERSION))


def _found_version(connection: sa.Connection) -> int:
    """0 where there is no table; 1 wrote down no version."""
    inspector = sa.inspect(connection)
    if inspector.has_table(version.name):
        return int(connection.execute(sa.select(version.c.version)).scalar_one())
    return 1 if inspector.has_table(jobs.name) else 0


def _add_columns(connection: sa.Connection) -> None:
    """All that are missing, also those of later steps: each is empty or has a default."""
    known = {column["name"] for column in sa.inspect(connection).get_columns(jobs.name)}
    for column in jobs.columns:
        if column.name not in known:
            definition = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(sa.text(f"ALTER TABLE jobs ADD COLUMN {definition}"))


_STEPS: Sequence[Callable[[sa.Connection], None]] = (
    _add_columns,  # to 2: fair turns, request keys, rests, retention, provenance
    _add_columns,  # to 3: jobs that were passed over; options have `mode`, `present`, `policy`, which older ones lack
)
"""The n-th step leads from version n to the next. A change of what the JSON columns hold is a step too, and may be one
that does nothing: a program of the version before must not start on what it cannot read."""

VERSION = len(_STEPS) + 1
"""The version that this program writes."""
