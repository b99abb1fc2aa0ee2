"""Which lane takes a job."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pedcontour.errors import CancelledError
from service.jobs import Job, Options
from service.worker.lanes import Lanes
from service.worker.run import Contoured, StageProgress

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Lane:
    """A ``Contourer`` that notes its jobs, and does them while it is let."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.goes_on = threading.Event()

    def __call__(self, job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        self.jobs.append(job.id)
        assert self.goes_on.wait(10)
        progress("segment", 0.5)
        return Contoured((), (), (job.id,))


def do(lanes: Lanes, job_id: str, progress: StageProgress = lambda stage, share: None) -> Contoured:
    return lanes(Job(job_id, Options("model"), NOW, NOW), Path("in"), Path("out"), progress)


def test_jobs_one_after_the_other_stay_in_one_lane() -> None:
    first, second = Lane(), Lane()
    first.goes_on.set()
    lanes = Lanes([first, second])
    for job_id in "abc":
        do(lanes, job_id)
    assert (first.jobs, second.jobs) == (["a", "b", "c"], [])


def test_jobs_at_the_same_time_have_a_lane_each_and_their_own_results() -> None:
    first, second = Lane(), Lane()
    lanes = Lanes([first, second])
    with ThreadPoolExecutor(2) as pool:
        done = {job_id: pool.submit(do, lanes, job_id) for job_id in "ab"}
        while not (first.jobs and second.jobs):
            assert not any(each.done() for each in done.values())
        first.goes_on.set()
        second.goes_on.set()
        assert {job_id: each.result().files for job_id, each in done.items()} == {"a": ("a",), "b": ("b",)}


def test_a_lane_is_free_again_however_its_job_ended() -> None:
    lane = Lane()
    lane.goes_on.set()
    lanes = Lanes([lane])

    def cancelled(stage: str, share: float) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        do(lanes, "a", cancelled)
    assert do(lanes, "b").files == ("b",)
