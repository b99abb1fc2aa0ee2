"""A PostgreSQL whose processes hang: the gateway stays alive, says that it is not ready, and recovers by itself."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pedcontour.errors import JobTableError
from service import postgres
from service.gateway.app import create_app
from service.gateway.keys import KeyRing
from service.gateway.remembered_keys import RememberedKeys
from service.jobtable import open_job_table
from service.keytable import open_key_table
from tests.outside_tools import lack
from tests.postgres_server import QUICK, PostgresServer, running_postgres
from tests.served_app import served
from tests.stand_ins.model import write_stand_in_model
from tests.unit.service.gateway.conftest import make_gateway

AWAY = {"X-Forwarded-For": "192.0.2.7"}
"""What makes a request one of a stranger."""


@dataclass(frozen=True)
class Database:
    """A server of this module's own, and a database on it."""

    server: PostgresServer
    url: str

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Every process of the server is stopped, and goes on afterwards."""
        postmaster = int((self.server.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        processes = [postmaster, *map(int, children)]
        for process in processes:
            _signal(process, signal.SIGSTOP)
        while not all(map(_is_stopped, processes)):
            time.sleep(0.01)
        try:
            yield
        finally:
            for process in processes:
                _signal(process, signal.SIGCONT)


def _signal(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # a backend that ended meanwhile
        os.kill(process, number)


def _is_stopped(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in "TZ"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_postgres(QUICK))
        except FileNotFoundError as missing:
            lack(str(missing))
        yield Database(server, f"{server.new_database()}&connect_timeout=2")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres.PatientConnection, "answer_timeout_s", 2.0)


@pytest.fixture
def url(tmp_path: Path, database: Database, impatient: None) -> Iterator[str]:
    """A gateway whose tables lie in the database."""
    write_stand_in_model(tmp_path / "models")
    jobs, keys = open_job_table(database.url), open_key_table(database.url)
    gateway = make_gateway(tmp_path, jobs=jobs, keys=KeyRing((), RememberedKeys(keys)))
    jobs.worker_seen("w")
    with served(create_app(gateway.parts)) as address:
        yield address
    jobs.close()
    keys.close()


def test_a_gateway_is_alive_while_its_database_hangs_and_ready_again_afterwards(url: str, database: Database) -> None:
    assert httpx.get(f"{url}/health/ready").status_code == 200
    with ThreadPoolExecutor(60) as pool, database.hanging():
        here = [pool.submit(_told, f"{url}/health/ready") for _ in range(30)]
        away = [pool.submit(_told, f"{url}{path}", AWAY) for path in ("/health/ready", "/v1/jobs") * 8]
        for _ in range(3):
            time.sleep(0.5)
            assert httpx.get(f"{url}/health/live", timeout=1).json() == {"status": "alive"}
        assert {answer.result().json()["detail"] for answer in here} == {"job_table, worker, consumption"}
        assert {answer.result().status_code for answer in away} == {503}
    assert httpx.get(f"{url}/health/live", timeout=1).status_code == 200
    _wait_until_ready(url)


def test_a_statement_that_gets_no_answer_is_given_up(database: Database, impatient: None) -> None:
    jobs = open_job_table(database.url)
    began = time.monotonic()
    with database.hanging(), pytest.raises(JobTableError):
        jobs.check()
    assert time.monotonic() - began < 10
    jobs.check()
    jobs.close()


def _told(address: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.get(address, headers=headers, timeout=30)


def _wait_until_ready(url: str) -> None:
    ends = time.monotonic() + 10
    while httpx.get(f"{url}/health/ready").status_code != 200:
        assert time.monotonic() < ends, "not ready again"
        time.sleep(0.2)
