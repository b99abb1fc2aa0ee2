"""Real workers: which job they take, how they stop, and that they look by themselves."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pedcontour.client import Client
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.settings import Settings
from service.embedded import RunningService, running
from tests.stand_ins.model import shaded_torso, write_stand_in_model

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
        data_dir=tmp_path / "data", models_dir=tmp_path / "models", port=0, heartbeat_s=0.5, resend_after_s=300.0
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
