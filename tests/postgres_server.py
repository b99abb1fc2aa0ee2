"""A real PostgreSQL of one's own, for tests and for the fault harness: on a Unix socket, gone when it is left."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

BINARIES = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of every version, which are not on the path."""

QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
"""For a server that has nothing to survive."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server, reached by the folder of its socket."""

    folder: Path

    def new_database(self, encoding: str = "UTF8") -> str:
        """The SQLAlchemy URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(f"host={self.folder} user=tests dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0")
        return f"postgresql+psycopg://tests@/{name}?host={self.folder}"


@contextmanager
def running_postgres(options: tuple[str, ...] = ()) -> Iterator[PostgresServer]:
    """Start a server with ``options``. Raises ``FileNotFoundError`` where PostgreSQL is not installed."""
    initdb, server, user = program("initdb"), program("postgres"), _other_user()
    folder = Path(tempfile.mkdtemp(prefix="pedcontour-pg-"))  # not in pytest's folder, which only its owner may enter
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        made = [initdb, "--no-sync", "--username=tests", "--auth=trust", "--encoding=UTF8", "--locale=C", str(data)]
        subprocess.run(made, user=user, check=True, capture_output=True, cwd=folder)
        started = [server, "-D", str(data), "-k", str(folder), "-h", "", *options]
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


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs. Raises ``FileNotFoundError``."""
    versions = sorted(BINARIES.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise FileNotFoundError("PostgreSQL is not installed")
    return found


def _other_user() -> str | None:
    """PostgreSQL does not run as root, so root lends it another user."""
    if os.getuid() != 0:
        return None
    return "postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"


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
