"""The database that the service's tables lie in, by SQLAlchemy URL: SQLite for one host, PostgreSQL for several."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from pedcontour.errors import JobTableError

SQLITE_WAIT_S = 30
"""How long a statement waits for another process's write: far above any write here, well below a lease."""

SQLITE_SWITCH_PAUSE_S = 0.01
"""Between two tries to switch a new database to its way of writing; the one that holds it takes milliseconds."""

_MAKING_TABLES = 0x70656463
"""Number of PostgreSQL's advisory lock under which tables are made: `IF NOT EXISTS` alone fails for two at once."""

_WRITES = "pedcontour_writes"
"""Name of the option of a connection whose transactions write."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(sa.types.TypeDecorator[datetime]):
    """A point in time as whole microseconds since 1970 UTC: exact in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        """To the database."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else _EPOCH + value * _MICROSECOND


def open_database(url: str, tables: sa.MetaData) -> sa.Engine:
    """Connect, and make the tables and indexes that are not there yet. Raises ``JobTableError``."""
    engine = connect(url)
    with preparing(engine) as connection:
        make_tables(connection, tables)
    return engine


def connect(url: str) -> sa.Engine:
    """An engine for an SQLAlchemy URL, and the folder that SQLite needs. Raises ``JobTableError``."""
    with as_job_table_error():
        address = make_url(url)
        if address.get_backend_name() != "sqlite":
            return _other_engine(address)
        if address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(address, connect_args={"timeout": SQLITE_WAIT_S}, json_deserializer=_from_json)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine


def _other_engine(address: sa.URL) -> sa.Engine:
    if address.get_driver_name() != "psycopg":
        return sa.create_engine(address, pool_pre_ping=True)
    from service.postgres import postgres_engine  # SQLite needs no driver to be installed

    return postgres_engine(address)


@contextmanager
def preparing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in which tables are made; one process at a time is in it. Raises ``JobTableError``."""
    with changing(engine) as connection, ExitStack() as stack:
        if engine.dialect.driver == "psycopg":
            from service.postgres import with_patience

            stack.enter_context(with_patience(connection))
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING_TABLES)))
        yield connection


def make_tables(connection: sa.Connection, tables: sa.MetaData) -> None:
    """Make the tables and indexes that are not there yet."""
    for table in tables.sorted_tables:
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def insert_into(engine: sa.Engine, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say what happens where the row is there."""
    return sqlite.insert(table) if engine.dialect.name == "sqlite" else postgresql.insert(table)


def _from_json(text: Any) -> Any:
    """SQLite keeps any text as JSON; what is none comes as it is, so that it spoils its own row and no whole query."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where this file says so, not where the driver thinks
    cursor = connection.cursor()
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # a job that was accepted survives a power cut
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Readers never wait for the one writer.

    Of several that open a new database at once only one can switch it over, and SQLite tells the others that it is
    locked without waiting as long as it waits for everything else.
    """
    until = monotonic() + SQLITE_WAIT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(SQLITE_SWITCH_PAUSE_S)


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def read(engine: sa.Engine, statement: Any) -> list[Any]:
    """The rows of a query. Raises ``JobTableError``."""
    with as_job_table_error(), engine.connect() as connection:
        return list(connection.execute(statement).all())


def write(engine: sa.Engine, statement: Any) -> list[Any]:
    """Do one change, and return the rows that it gives back. Raises ``JobTableError``."""
    with changing(engine) as connection:
        result = connection.execute(statement)
        return list(result.all()) if result.returns_rows else []


@contextmanager
def changing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction that writes: all of it happens or nothing; SQLite's write lock is held from its beginning on.

    Raises ``JobTableError``.
    """
    with as_job_table_error(), engine.execution_options(**{_WRITES: True}).begin() as connection:
        yield connection


@contextmanager
def as_job_table_error() -> Iterator[None]:
    """A database's own messages may hold values, so only the class of its error is told."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise JobTableError(type(error).__name__) from None
