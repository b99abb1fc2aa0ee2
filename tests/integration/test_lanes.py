"""A worker with two lanes: stages of neighbouring jobs overlap, and what befalls one job does not touch the other."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pedcontour.bundle import load_bundle
from pedcontour.client import Client
from pedcontour.dicom.ct_writer import SyntheticStudy, write_ct_series
from pedcontour.settings import Settings
from service.embedded import RunningService, running
from service.jobs import Job, Options
from service.worker.contouring import EngineContourer
from tests.stand_ins.model import MODEL_ID, ShadeEngine, shaded_torso, write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")
HELD_BY = "held"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Pair:
    """A service whose worker has two jobs in flight, of different patients: one runs the network, one waits for it.

    Both stay so until the network is let go.
    """

    service: RunningService
    client: Client
    inside: str
    waiting: str
    series: dict[str, Path]
    folder: Path

    def attempts(self) -> tuple[int, int]:
        """Of the job that ran the network first, and of the one that waited."""
        return self.client.job(self.inside).attempt, self.client.job(self.waiting).attempt

    def assert_done_with_its_own_results(self, job_id: str) -> None:
        """Done, and byte for byte what the same job gives in a run that nobody disturbs."""
        assert self.client.wait(job_id, timeout_s=120).state == "done"
        accepted = self.client.job(job_id).accepted_at
        models = self.service.settings.models_dir
        contour = EngineContourer(lambda model_id: load_bundle(models / model_id), ShadeEngine)
        expected, got = self.folder / f"expected-{job_id}", self.folder / f"got-{job_id}"
        job = Job(job_id, Options(MODEL_ID), accepted, accepted)
        contour(job, self.series[job_id], expected, lambda stage, share: None)
        self.client.download(job_id, got)
        for name in ("rtstruct.dcm", "seg.dcm"):
            assert (got / name).read_bytes() == (expected / name).read_bytes()
        assert len(list((self.service.settings.results_dir / job_id).iterdir())) == 1

    def let_go(self) -> None:
        """Let networks come to an end."""
        (self.folder / HELD_BY).unlink()

    def worker(self) -> int:
        """The process id of the worker."""
        pid = self.service.parts["worker"].pid
        assert pid is not None
        return pid


def _wait_for(condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.05)


def _contouring_children_of(worker: int) -> list[int]:
    """The processes that contour for a worker, one a lane."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == worker and b"tests.stand_ins.child" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return sorted(found)


@contextmanager
def _two_in_flight(settings: Settings, folder: Path) -> Iterator[Pair]:
    with running(settings, STAND_IN_WORKER, logs=folder / "logs") as service, Client(service.url) as client:
        series = {}
        for number in (1, 2):
            ct = folder / f"ct-{number}"
            write_ct_series(shaded_torso(), ct, SyntheticStudy(seed=number))
            series[client.submit(ct).id] = ct
        _wait_for(lambda: _by_stage(client, series).keys() == {"segment", "wait"})
        seen = _by_stage(client, series)
        yield Pair(service, client, seen["segment"], seen["wait"], series, folder)


def _by_stage(client: Client, jobs: Iterable[str]) -> dict[str, str]:
    return {client.job(job).stage: job for job in jobs}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / HELD_BY).touch()
    monkeypatch.setenv("STAND_IN_HELD_BY", str(tmp_path / HELD_BY))
    write_stand_in_model(tmp_path / "models")
    return Settings(
        data_dir=tmp_path / "data",
        models_dir=tmp_path / "models",
        port=0,
        lanes=2,
        lease_s=6.0,
        heartbeat_s=0.5,
        resend_after_s=1.0,
        reconcile_every_s=0.3,
        stop_grace_s=120.0,
    )


def test_a_job_is_read_while_the_network_of_another_runs_and_its_network_runs_next_in_the_same_warm_children(
    settings: Settings, tmp_path: Path
) -> None:
    with _two_in_flight(settings, tmp_path) as pair:
        children = _contouring_children_of(pair.worker())
        pair.let_go()
        for job in pair.series:
            pair.assert_done_with_its_own_results(job)
        assert pair.attempts() == (1, 1)
        assert len(children) == 2
        assert _contouring_children_of(pair.worker()) == children


def test_both_jobs_of_a_worker_that_is_killed_are_done_again_once(settings: Settings, tmp_path: Path) -> None:
    with _two_in_flight(settings, tmp_path) as pair:
        os.kill(pair.worker(), signal.SIGKILL)
        pair.let_go()
        for job in pair.series:
            pair.assert_done_with_its_own_results(job)
        assert pair.attempts() == (2, 2)


def test_the_death_of_one_lanes_child_costs_its_job_an_attempt_and_the_other_job_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    with _two_in_flight(settings, tmp_path) as pair:
        os.kill(_contouring_children_of(pair.worker())[0], signal.SIGKILL)
        _wait_for(lambda: sorted(pair.attempts()) == [1, 2])
        pair.let_go()
        for job in pair.series:
            pair.assert_done_with_its_own_results(job)
        assert sorted(pair.attempts()) == [1, 2]


def test_a_job_that_waits_for_its_turn_is_cancelled_at_once_and_the_other_goes_on(
    settings: Settings, tmp_path: Path
) -> None:
    with _two_in_flight(settings, tmp_path) as pair:
        pair.client.cancel(pair.waiting)
        _wait_for(lambda: pair.client.job(pair.waiting).state == "cancelled")
        assert pair.client.job(pair.inside).state == "running"
        pair.let_go()
        pair.assert_done_with_its_own_results(pair.inside)
        assert pair.attempts() == (1, 1)


def test_the_network_of_a_cancelled_job_goes_to_the_one_that_waits(settings: Settings, tmp_path: Path) -> None:
    with _two_in_flight(settings, tmp_path) as pair:
        pair.client.cancel(pair.inside)
        _wait_for(lambda: pair.client.job(pair.inside).state == "cancelled")
        _wait_for(lambda: pair.client.job(pair.waiting).stage == "segment")
        pair.let_go()
        pair.assert_done_with_its_own_results(pair.waiting)
        assert pair.attempts() == (1, 1)


def test_a_worker_that_is_stopped_finishes_both_jobs(settings: Settings, tmp_path: Path) -> None:
    with _two_in_flight(settings, tmp_path) as pair:
        before = pair.worker()
        os.kill(before, signal.SIGTERM)
        pair.let_go()
        for job in pair.series:
            pair.assert_done_with_its_own_results(job)
        assert pair.attempts() == (1, 1)
        _wait_for(lambda: pair.service.parts["worker"].pid not in (None, before))
