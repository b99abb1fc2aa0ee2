"""The job table as a whole, and how it is opened."""

from datetime import datetime

import sqlalchemy as sa

from pedcontour.errors import JobTableError
from service.database import Instant, connect, preparing, read
from service.jobs import DEFAULT_RETRIES, Retries
from service.jobstore import Clock, utc_now
from service.jobtable.erasure import SqlErasure
from service.jobtable.records import SqlRecords
from service.jobtable.schema import prepare_tables
from service.jobtable.work import SqlWork


class SqlJobStore(SqlWork, SqlRecords, SqlErasure):
    """A ``JobStore`` in a database that several processes share."""

    def __init__(self, engine: sa.Engine, retries: Retries, clock: Clock) -> None:
        SqlWork.__init__(self, engine, retries, clock)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def open_job_table(url: str, retries: Retries = DEFAULT_RETRIES, clock: Clock | None = None) -> SqlJobStore:
    """The job table at an SQLAlchemy URL, made where it is not there yet and brought forward where it is older.

    Without a ``clock`` all times are the database server's, so that hosts whose clocks differ agree on every lease.
    Raises ``JobTableError``; ``JobTableTooNewError`` for a table that a later version of this program has made.
    """
    engine = connect(url)
    try:
        with preparing(engine) as connection:
            prepare_tables(connection)
    except JobTableError:
        engine.dispose()
        raise
    return SqlJobStore(engine, retries, clock or _clock_of(engine))


def _clock_of(engine: sa.Engine) -> Clock:
    if engine.dialect.name == "sqlite":  # one host, one clock
        return utc_now
    microseconds = sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()) * 1_000_000, sa.BigInteger)
    now = sa.select(sa.type_coerce(microseconds, Instant))

    def server_time() -> datetime:
        told: datetime = read(engine, now)[0][0]
        return told

    return server_time
