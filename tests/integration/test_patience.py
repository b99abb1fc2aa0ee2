"""How long PostgreSQL is waited for, measured at a real one."""

import threading
import time

import psycopg
import pytest
import sqlalchemy as sa

from pedcontour.errors import JobTableError
from service import postgres
from service.database import connect, preparing, read, write


@pytest.fixture
def engine(postgres_url: str) -> sa.Engine:
    return connect(f"{postgres_url}&options=-c%20statement_timeout%3D300ms%20-c%20lock_timeout%3D150ms")


def test_a_connection_brings_the_times_with_it(postgres_url: str) -> None:
    engine = connect(postgres_url)
    assert read(engine, sa.text("SHOW statement_timeout")) == [(f"{postgres.STATEMENT_TIMEOUT_S}s",)]
    assert read(engine, sa.text("SHOW lock_timeout")) == [(f"{postgres.LOCK_TIMEOUT_S}s",)]
    engine.dispose()


def test_a_statement_that_takes_too_long_is_a_failure_of_the_table_and_the_connection_stays(engine: sa.Engine) -> None:
    with pytest.raises(JobTableError):
        read(engine, sa.text("SELECT pg_sleep(5)"))
    assert read(engine, sa.text("SELECT 1")) == [(1,)]
    engine.dispose()


def test_whoever_prepares_tables_waits_for_another_who_does(engine: sa.Engine, postgres_url: str) -> None:
    holder = psycopg.connect(sa.make_url(postgres_url).set(drivername="postgresql").render_as_string())
    holder.execute("SELECT pg_advisory_xact_lock(%s)", [0x70656463])
    threading.Timer(0.8, holder.rollback).start()
    began = time.monotonic()
    with preparing(engine) as connection:
        connection.execute(sa.text("SELECT pg_sleep(0.5)"))
    assert time.monotonic() - began > 1.2
    assert read(engine, sa.text("SHOW statement_timeout")) == [("300ms",)]
    holder.close()
    engine.dispose()


def test_a_lock_that_another_holds_is_not_waited_for_without_end(engine: sa.Engine) -> None:
    write(engine, sa.text("CREATE TABLE things (n int)"))
    with engine.begin() as holder:
        holder.execute(sa.text("LOCK TABLE things"))
        with pytest.raises(JobTableError):
            write(engine, sa.text("INSERT INTO things VALUES (1)"))
    write(engine, sa.text("INSERT INTO things VALUES (1)"))
    engine.dispose()
