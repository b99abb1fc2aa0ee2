"""``serve`` as an operator meets it: it starts, survives the death of its parts, stops clean, and starts again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from redis import Redis

from pedcontour.client import Client
from pedcontour.errors import ForbiddenBindingError, ServiceUnreachableError
from pedcontour.settings import Settings
from service.embedded import running
from tests.stand_ins.model import write_stand_in_model

SERVE = "from service.embedded import serve; from pedcontour.settings import Settings; serve(Settings())"
STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_stand_in_model(tmp_path / "models")
    return Settings(
        data_dir=tmp_path / "data",
        models_dir=tmp_path / "models",
        port=0,
        lease_s=2.0,
        heartbeat_s=0.3,
        reconcile_every_s=0.3,
        resend_after_s=1.0,
    )


def _wait_for(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.HTTPError:
        return False


def _processes_of(folder: Path) -> list[int]:
    """Processes whose command or environment names a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in told and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


@contextmanager
def _serving(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", SERVE], env=settings.environment(), start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def test_serve_stops_clean_on_sigterm(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"port": _free_port()})
    with _serving(settings) as process:
        _wait_for(lambda: _is_ready(f"http://127.0.0.1:{settings.port}"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert _processes_of(tmp_path) == []


def test_control_c_in_a_terminal_stops_clean_and_soon(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"port": _free_port()})
    with _serving(settings) as process:
        _wait_for(lambda: _is_ready(f"http://127.0.0.1:{settings.port}"))
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(settings.stop_grace_s / 2) == 0
    assert _processes_of(tmp_path) == []


def test_an_upload_that_the_stop_cuts_off_leaves_nothing(settings: Settings) -> None:
    settings = settings.model_copy(update={"port": _free_port(), "stop_grace_s": 2.0})
    head = (
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/zip\r\nContent-Length: 9999999\r\n\r\n"
    )
    with _serving(settings) as process:
        _wait_for(lambda: _is_ready(f"http://127.0.0.1:{settings.port}"))
        with socket.create_connection(("127.0.0.1", settings.port)) as sender:
            sender.sendall(head + b"PK" + bytes(4_000_000))
            _wait_for(lambda: list(settings.uploads_dir.glob(".part-*")), 20.0)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    assert list(settings.uploads_dir.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties children to their parent")
def test_a_killed_supervisor_leaves_a_folder_that_serves_again(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"port": _free_port()})
    url = f"http://127.0.0.1:{settings.port}"
    with _serving(settings) as process:
        _wait_for(lambda: _is_ready(url))
        process.kill()
        process.wait()
    _wait_for(lambda: not _is_ready(url))
    with _serving(settings):
        _wait_for(lambda: _is_ready(url))
    assert _processes_of(tmp_path) == []


def test_serve_stops_clean_while_it_starts(settings: Settings, tmp_path: Path) -> None:
    with _serving(settings) as process:
        _wait_for((settings.data_dir / "broker" / "valkey.sock").exists)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert _processes_of(tmp_path) == []


def test_a_broker_that_dies_is_started_again_and_jobs_go_on(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "a").write_text("no image: the job ends at once")
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        Redis(unix_socket_path=str(settings.data_dir / "broker" / "valkey.sock")).shutdown(nosave=True, now=True)
        job = client.submit(tmp_path / "ct")
        _wait_for(lambda: client.job(job.id).has_ended)
        _wait_for(lambda: _is_ready(service.url))


def test_a_data_folder_serves_once(settings: Settings) -> None:
    with (
        running(settings, STAND_IN_WORKER),
        pytest.raises(ServiceUnreachableError, match="already runs"),
        running(settings, STAND_IN_WORKER),
    ):
        pass


def test_without_keys_it_does_not_listen_to_the_network(settings: Settings) -> None:
    with pytest.raises(ForbiddenBindingError), running(settings.model_copy(update={"host": "0.0.0.0"})):
        pass


def test_a_port_that_is_taken_is_said(settings: Settings, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = settings.model_copy(update={"port": other.getsockname()[1]})
        with (
            pytest.raises(ServiceUnreachableError, match="port"),
            running(settings, STAND_IN_WORKER, tmp_path / "logs"),
        ):
            pass
    assert _processes_of(tmp_path) == []


def test_a_deep_data_folder_has_a_broker_too(settings: Settings, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with running(settings.model_copy(update={"data_dir": deep}), STAND_IN_WORKER, tmp_path / "logs") as service:
        assert _is_ready(service.url)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
