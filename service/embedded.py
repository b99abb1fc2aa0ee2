"""The whole service on one machine: broker, gateway and worker, watched over by the process that calls ``serve``.

Without a Redis URL in the settings a real Valkey is started on a Unix socket, with its append-only file in the data
folder. Whatever dies is started again; whatever a dead worker left undone, the job table gives to the next one.
"""

import fcntl
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import httpx

from pedcontour.errors import DataFolderError, ServiceUnreachableError, StoreError
from pedcontour.settings import Settings
from service.confinement import no_core_dumps, private_files
from service.datafolder import make_data_folder
from service.gateway.address import usable_port
from service.gateway.models import InstalledModels
from service.gateway.start import check_guard
from service.logs import configure_logs
from service.processes import Child
from service.uploads import sweep_uploads

if TYPE_CHECKING:
    from service.broker import EmbeddedBroker

log = logging.getLogger(__name__)

WORKER = (sys.executable, "-m", "service.worker")
GATEWAY = (sys.executable, "-m", "service.gateway")

START_TIMEOUT_S = 120.0
"""How long the parts may take to be ready: importing torch from a cold disk takes most of it."""

LOOK_EVERY_S = 0.2
"""How often the parts are looked after."""


@dataclass(frozen=True)
class RunningService:
    """A service that is ready. ``parts`` maps a part's name to its current process."""

    url: str
    settings: Settings
    parts: dict[str, Child]


def serve(
    settings: Settings,
    on_ready: Callable[[RunningService], None] = lambda _: None,
    worker_command: Sequence[str] = WORKER,
) -> None:
    """Run the service until SIGTERM or SIGINT; must be called from the main thread. Raises what ``running`` raises."""
    private_files()  # the broker's, too, which takes what it is given
    configure_logs(settings.log_level, settings.log_format)
    with suppress(_StopServing), _signals(), running(settings, worker_command) as service:
        on_ready(service)
        threading.Event().wait()


@contextmanager
def running(
    settings: Settings, worker_command: Sequence[str] = WORKER, logs: Path | None = None
) -> Iterator[RunningService]:
    """Start the service, yield once it is ready, and stop it at the end.

    ``worker_command`` starts a worker with the settings of its environment. ``logs`` is a folder for what the parts
    log; without it they write to this process's standard error.

    Raises ``ForbiddenBindingError``, ``BrokerError``, ``DataFolderError``, ``PortInUseError``; ``ModelNotFoundError``
    or ``ModelError`` when no job could be taken; ``ServiceUnreachableError`` when a part does not start.
    """
    check_guard(settings)
    InstalledModels(settings.models_dir, settings.default_model).check()
    no_core_dumps()  # of the broker's process, too
    with ExitStack() as stack:
        stack.enter_context(_only_one(settings.data_dir))
        sweep_uploads(settings.uploads_dir)  # alone here, so whatever is unfinished broke off
        stack.callback(_sweep_at_the_end, settings.uploads_dir)  # once the gateway is gone, the same holds again
        if settings.redis_url is None:
            from service.broker import EmbeddedBroker

            broker = stack.enter_context(EmbeddedBroker(settings.data_dir / "broker"))
            settings = settings.model_copy(update={"redis_url": broker.url})
        else:
            broker = None
        settings = settings.model_copy(update={"port": usable_port(settings)})
        environment = settings.environment()
        watch = _Watch(
            {
                "worker": Child("worker", worker_command, environment, logs, settings.stop_grace_s),
                "gateway": Child("gateway", GATEWAY, environment, logs, settings.stop_grace_s),
            },
            broker,
        )
        stack.callback(watch.stop)
        watch.start()
        url = f"http://{_reachable(settings.host)}:{settings.port}"
        _wait_until_ready(url, watch)
        yield RunningService(url, settings, watch.children)


@dataclass
class _Watch:
    """Keeps the parts running, from a thread of its own."""

    children: dict[str, Child]
    broker: "EmbeddedBroker | None"
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin. ``stop`` must be called in any case: a signal may come when the thread runs and this has not ended."""
        self._thread = threading.Thread(target=self._run, name="supervisor")
        self._thread.start()

    def stop(self) -> None:
        """Stop the parts."""
        self._stopped.set()
        if self._thread is not None:
            with suppress(RuntimeError):  # it had not quite begun; told to stop, it ends as soon as it does
                self._thread.join()

    def _run(self) -> None:
        # The children are started by this thread, because Linux ties them to the life of the thread that did.
        while not self._stopped.is_set():
            if self.broker is not None:
                self.broker.revive()
            for child in self.children.values():
                child.revive()
            self._stopped.wait(LOOK_EVERY_S)
        for child in self.children.values():
            child.ask_to_stop()
        for child in self.children.values():
            child.stop()


def _sweep_at_the_end(uploads: Path) -> None:
    """Leave no piece of an upload that the stop cut off; what cannot be removed now is removed at the next start."""
    try:
        sweep_uploads(uploads)
    except StoreError as error:
        log.warning("uploads that broke off are left: %s", error.code)


def _wait_until_ready(url: str, watch: _Watch) -> None:
    give_up = monotonic() + START_TIMEOUT_S
    missing = ""
    while monotonic() < give_up:
        for child in watch.children.values():
            if child.deaths >= 2:
                raise ServiceUnreachableError(f"the {child.name} ended twice while starting; see its log")
        try:
            answer = httpx.get(f"{url}/health/ready", timeout=5.0, trust_env=False)
            if answer.status_code == 200:
                return
            missing = answer.json().get("detail") or "a part"
        except (httpx.HTTPError, ValueError):
            missing = "the gateway"
        threading.Event().wait(LOOK_EVERY_S)
    raise ServiceUnreachableError(f"not ready after {START_TIMEOUT_S:.0f} s: {missing}; see the log")


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold a data folder: two services on one SQLite file would be well, two brokers on one socket would not.

    Raises ``DataFolderError``.
    """
    make_data_folder(data_dir)
    try:
        lock = (data_dir / "serve.lock").open("w")
    except OSError as error:
        raise DataFolderError(f"{data_dir} cannot be written to: {type(error).__name__}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataFolderError(f"a service already runs on {data_dir}") from None
        yield


class _StopServing(BaseException):
    """Raised in the main thread by the first SIGTERM or SIGINT, at whatever stage of the start it comes."""


@contextmanager
def _signals() -> Iterator[None]:
    """Turn the first SIGTERM or SIGINT into ``_StopServing``; further ones do not disturb the stopping."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(*_: object) -> None:
        for number in before:
            signal.signal(number, lambda *_: None)  # not SIG_IGN, which children would inherit
        raise _StopServing

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reachable(host: str) -> str:
    """An address to reach this machine at when the gateway binds to ``host``."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
