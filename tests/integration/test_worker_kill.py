"""A worker that is killed in mid-job costs time, and nothing else."""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from pedcontour.bundle import load_bundle
from pedcontour.client import Client
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.settings import Settings
from service.embedded import RunningService, running
from service.jobs import Job, Options
from service.worker.contouring import EngineContourer
from tests.stand_ins.model import MODEL_ID, ShadeEngine, shaded_torso, write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")
JOB_SECONDS = 2.0

pytestmark = pytest.mark.slow


def _wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.05)


def _undisturbed(job: dict[str, object], models: Path, ct_folder: Path, out: Path) -> Path:
    """The results of the same job in a run that nobody disturbs."""
    accepted = datetime.fromisoformat(str(job["accepted_at"]))
    contour = EngineContourer(lambda model_id: load_bundle(models / model_id), ShadeEngine)
    contour(Job(str(job["id"]), Options(MODEL_ID), accepted, accepted), ct_folder, out, lambda stage, share: None)
    return out


@pytest.fixture
def ct_folder(tmp_path: Path) -> Path:
    write_ct_series(shaded_torso(), tmp_path / "ct")
    return tmp_path / "ct"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("STAND_IN_SECONDS", str(JOB_SECONDS))
    write_stand_in_model(tmp_path / "models")
    return Settings(
        data_dir=tmp_path / "data",
        models_dir=tmp_path / "models",
        port=0,
        lease_s=1.5,
        heartbeat_s=0.3,
        resend_after_s=1.0,
        reconcile_every_s=0.3,
    )


def _kill_worker(service: RunningService) -> None:
    pid = service.parts["worker"].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_a_job_whose_worker_is_killed_ends_once_with_the_same_results(
    settings: Settings, ct_folder: Path, tmp_path: Path
) -> None:
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        job = client.submit(ct_folder)
        _wait_for(lambda: 0.1 < client.job(job.id).progress < 0.7)
        assert client.job(job.id).state == "running"
        _kill_worker(service)
        client.wait(job.id, timeout_s=60)
        client.download(job.id, tmp_path / "out")
        told = httpx.get(f"{service.url}/v1/jobs/{job.id}").json()
        time.sleep(3 * settings.resend_after_s)
        assert httpx.get(f"{service.url}/v1/jobs/{job.id}").json() == told, "an ended job changed"

    assert told["attempt"] == 2
    expected = _undisturbed(told, settings.models_dir, ct_folder, tmp_path / "expected")
    for name in ("rtstruct.dcm", "seg.dcm"):
        assert (tmp_path / "out" / name).read_bytes() == (expected / name).read_bytes()
    assert [path.name for path in (settings.results_dir / job.id).iterdir()] == ["2"]


def _child_of(worker: int) -> int:
    """The process that contours for a worker."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == worker and b"tests.stand_ins.child" in (process / "cmdline").read_bytes():
                return int(process.name)
    raise AssertionError("it has no child")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_is_killed_or_stopped_in_mid_job_costs_an_attempt_and_not_the_worker(
    settings: Settings, ct_folder: Path, tmp_path: Path, how: signal.Signals
) -> None:
    settings = settings.model_copy(update={"child_silence_s": 3.0})
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        worker = service.parts["worker"].pid
        assert worker is not None
        job = client.submit(ct_folder)
        _wait_for(lambda: 0.1 < client.job(job.id).progress < 0.7)
        os.kill(_child_of(worker), how)
        client.wait(job.id, timeout_s=60)
        assert httpx.get(f"{service.url}/v1/jobs/{job.id}").json()["attempt"] == 2
        assert service.parts["worker"].pid == worker
    trouble = "PROCESS_ENDED" if how is signal.SIGKILL else "PROCESS_SILENT"
    assert trouble in (tmp_path / "logs" / "worker.log").read_text()


def test_a_job_that_kills_every_worker_is_set_aside(settings: Settings, ct_folder: Path, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"max_attempts": 2})
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        job = client.submit(ct_folder)
        for attempt in (1, 2):
            _wait_for(lambda attempt=attempt: _attempt(settings, job.id) == (attempt, "running"))  # type: ignore[misc]
            _kill_worker(service)
        _wait_for(lambda: client.job(job.id).has_ended)
        problem = client.job(job.id).problem
    assert problem is not None
    assert problem.code == "QUARANTINED"


def _attempt(settings: Settings, job_id: str) -> tuple[int, str]:
    with sqlite3.connect(settings.data_dir / "jobs.sqlite") as table:
        row: tuple[int, str] = table.execute("SELECT attempt, state FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return row


def test_jobs_that_wait_when_everything_is_killed_are_done_after_the_next_start(
    settings: Settings, ct_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        jobs = [client.submit(ct_folder).id for _ in range(3)]
        _wait_for(lambda: client.job(jobs[0]).state == "running")
        for name in ("worker", "gateway"):
            pid = service.parts[name].pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
    monkeypatch.setenv("STAND_IN_SECONDS", "0")
    for dump in (settings.data_dir / "broker").glob("appendonlydir/*"):
        dump.unlink()
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        assert [client.wait(job, timeout_s=60).state for job in jobs] == ["done"] * 3
