"""PostgreSQL as fixtures: one server for all tests, a new database for each."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.outside_tools import lack
from tests.postgres_server import QUICK, PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server for all tests, or a skip that says why."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_postgres(QUICK))
        except FileNotFoundError as missing:
            lack(str(missing))
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The URL of a new database."""
    return postgres.new_database()
