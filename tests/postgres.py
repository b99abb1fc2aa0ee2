"""A real PostgreSQL that the tests start themselves, on a Unix socket, with a new database for every test."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.outside_tools import lack

BINARIES = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of every version, which are not on the path."""

SPEED = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
"""A server of tests has nothing to survive."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server, reached by the folder of its socket."""

    folder: Path

    def new_database(self) -> str:
        """The SQLAlchemy URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(f"host={self.folder} user=tests dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://tests@/{name}?host={self.folder}"


def _program(name: str) -> str:
    versions = sorted(BINARIES.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    return found or lack("PostgreSQL is not installed")


def _other_user() -> str | None:
    """PostgreSQL does not run as root, so a test that does lends it another user."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server for all tests, or a skip that says why."""
    initdb, server, user = _program("initdb"), _program("postgres"), _other_user()
    # Not in pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="pedcontour-pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        made = [initdb, "--no-sync", "--username=tests", "--auth=trust", "--encoding=UTF8", "--locale=C", str(data)]
        subprocess.run(made, user=user, check=True, capture_output=True, cwd=folder)
        started = [server, "-D", str(data), "-k", str(folder), "-h", "", *SPEED.split()]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(started, user=user, stdout=log, stderr=log, cwd=folder)
        try:
            _wait_until_ready(folder, process)
            yield PostgresServer(folder)
        finally:
            process.send_signal(signal.SIGINT)  # ends open connections, for which SIGTERM would wait
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert process.poll() is None, (folder / "log").read_text()
        try:
            psycopg.connect(f"host={folder} user=tests dbname=postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError((folder / "log").read_text())


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The URL of a new database."""
    return postgres.new_database()
