"""The connection to the database, and how transactions are made in each kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from pedcontour.errors import JobTableError
from service.jobstore import Clock, utc_now
from service.jobtable.schema import EPOCH, MICROSECOND

SQLITE_WAIT_S = 30
"""How long a statement waits for another process's write: far above any write here, well below a lease."""

_LOCK = 0x7065_6463
"""Number of PostgreSQL's advisory lock under which one process at a time prepares the tables."""


class Database:
    """An engine with the few ways in which the store uses it."""

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        address = make_url(url)
        self.is_sqlite = address.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if address.database:
                Path(address.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(address, connect_args={"timeout": SQLITE_WAIT_S})
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        else:
            self._engine = sa.create_engine(address, pool_pre_ping=True)
        self._writer = self._engine.execution_options(writes=True)
        self._clock = clock or (utc_now if self.is_sqlite else self._server_time)

    def now(self) -> datetime:
        """The time by the one clock of all who use the database: the server's, where there is one."""
        return self._clock()

    def read(self, statement: sa.Executable) -> list[Any]:
        """The rows of a query."""
        with as_job_table_error(), self._engine.connect() as connection:
            return list(connection.execute(statement).all())

    @contextmanager
    def changing(self) -> Iterator[sa.Connection]:
        """One transaction that writes: all of it happens or nothing. In SQLite it holds the write lock throughout."""
        with as_job_table_error(), self._writer.begin() as connection:
            yield connection

    def write(self, statement: sa.Executable) -> list[Any]:
        """One statement that writes, and the rows that it returns."""
        with self.changing() as connection:
            result = connection.execute(statement)
            return list(result.all()) if result.returns_rows else []

    def lock(self, connection: sa.Connection) -> None:
        """Let one process at a time pass, until the transaction ends; SQLite's transaction is a lock by itself."""
        if not self.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that may say what happens where the row is there."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _server_time(self) -> datetime:
        now = sa.func.extract("epoch", sa.func.clock_timestamp()) * 1_000_000
        [row] = self.read(sa.select(sa.cast(now, sa.BigInteger)))
        return EPOCH + int(row[0]) * MICROSECOND


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where this file says so, not where the driver thinks
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers never wait for the one writer
    cursor.execute("PRAGMA synchronous=FULL")  # a job that was accepted survives a power cut
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def as_job_table_error() -> Iterator[None]:
    """A database's own messages may hold values, so only the class of its error is told."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise JobTableError(type(error).__name__) from None
