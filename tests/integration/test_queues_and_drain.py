"""Real processes: which job workers take, how workers and gateways stop, and that consumption is watched."""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from pedcontour.client import Client
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.settings import Settings
from service.embedded import RunningService, running
from service.jobs import Job, Options
from service.jobtable import open_job_table
from tests.stand_ins.model import MODEL_ID, shaded_torso, write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")

pytestmark = pytest.mark.slow


def _wait_for(condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.05)


@pytest.fixture
def ct_folder(tmp_path: Path) -> Path:
    write_ct_series(shaded_torso(), tmp_path / "ct")
    return tmp_path / "ct"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_stand_in_model(tmp_path / "models")
    return Settings(
        data_dir=tmp_path / "data",
        models_dir=tmp_path / "models",
        port=0,
        heartbeat_s=0.5,
        resend_after_s=300.0,
        stall_s=600.0,
    )


def _post(service: RunningService, ct_folder: Path, priority: str) -> str:
    files = [("files", (path.name, path.read_bytes())) for path in sorted(ct_folder.iterdir())]
    answer = httpx.post(f"{service.url}/v1/jobs", files=files, params={"priority": priority}, timeout=60)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_an_urgent_job_overtakes_those_that_wait(
    settings: Settings, ct_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_SECONDS", "3")
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        first = _post(service, ct_folder, "routine")
        _wait_for(lambda: client.job(first).state == "running")
        second = _post(service, ct_folder, "routine")
        urgent = _post(service, ct_folder, "urgent")
        began = {}
        for job in (first, second, urgent):
            client.wait(job, timeout_s=300)
            began[job] = httpx.get(f"{service.url}/v1/jobs/{job}").json()["started_at"]
    assert began[first] < began[urgent] < began[second]


def test_a_worker_that_is_stopped_in_a_long_job_gives_it_back_and_the_next_one_begins_it_at_once(
    settings: Settings, ct_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither the lease nor a message sent again could bring the job back within the time of this test.
    monkeypatch.setenv("STAND_IN_SECONDS", "600")
    settings = settings.model_copy(update={"lease_s": 600.0, "stop_grace_s": 4.0})
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        job = _post(service, ct_folder, "routine")
        _wait_for(lambda: client.job(job).state == "running")
        pid = service.parts["worker"].pid
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        _wait_for(lambda: httpx.get(f"{service.url}/v1/jobs/{job}").json()["attempt"] == 2)
        told = httpx.get(f"{service.url}/v1/jobs/{job}").json()
        httpx.delete(f"{service.url}/v1/jobs/{job}")
    assert told["state"] == "running"
    assert "given back" in (tmp_path / "logs" / "worker.log").read_text()


def test_a_worker_that_takes_nothing_while_a_job_waits_is_started_again_and_takes_it(
    settings: Settings, ct_folder: Path, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"stall_s": 3.0, "resend_after_s": 2.0})
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        first = service.parts["worker"].pid
        client.wait(_post(service, ct_folder, "routine"), timeout_s=120)
        # A job whose message is lost, and is not sent again for long: to a worker it looks like a broken tie.
        shutil.copytree(ct_folder, settings.uploads_dir / "unheard")
        table = open_job_table(settings.job_table_url)
        table.accept(Job("unheard", Options(MODEL_ID), table.now(), table.now() + timedelta(minutes=10)))
        assert client.wait("unheard", timeout_s=120).state == "done"
        assert service.parts["worker"].pid != first
        table.close()
    assert "takes none" in (tmp_path / "logs" / "worker.log").read_text()


def test_a_gateway_that_is_stopped_finishes_an_upload_under_way_and_ends_its_event_streams(
    settings: Settings, ct_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_SECONDS", "600")
    settings = settings.model_copy(update={"stop_grace_s": 16.0})
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, ThreadPoolExecutor(2) as pool:
        pid = service.parts["gateway"].pid
        assert pid is not None
        job = _post(service, ct_folder, "routine")
        begun, told = threading.Event(), threading.Event()

        def slow_upload() -> int:
            def body() -> Iterator[bytes]:
                yield b"first"
                begun.set()
                told.wait(60)
                os.kill(pid, signal.SIGTERM)
                time.sleep(2)
                yield b"last"

            headers = {"Content-Type": "application/octet-stream"}
            return httpx.post(f"{service.url}/v1/jobs", content=body(), headers=headers, timeout=60).status_code

        def watch() -> list[str]:
            begun.wait(60)
            with httpx.stream("GET", f"{service.url}/v1/jobs/{job}/events", timeout=60) as stream:
                lines = []
                for line in stream.iter_lines():
                    told.set()
                    lines.append(line)
                return lines

        upload, events = pool.submit(slow_upload), pool.submit(watch)
        assert upload.result(120) == 202
        assert "event: progress" in events.result(120)
        _wait_for(lambda: service.parts["gateway"].pid not in (None, pid))
