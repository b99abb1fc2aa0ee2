"""What wakes a worker, what makes it give its job back, and when it finds itself stalled."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pedcontour.contour.stages import StageProgress
from pedcontour.storage import MemoryResultStore
from service.jobs import Job, Options, Priority, State
from service.jobstore import MemoryJobStore
from service.worker.run import Contoured, WorkerParts
from service.worker.shift import Shift
from service.worker.tasks import give_back, is_stalled, work


@dataclass
class Worker:
    """Parts of a worker whose contouring notes the jobs and does what the test wants."""

    folder: Path
    during: Callable[[Job], object] = lambda job: None
    now: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    worked_on: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.jobs = MemoryJobStore(clock=lambda: self.now)
        self.parts = WorkerParts(self.jobs, MemoryResultStore(), self.folder, self.contour, "host:1")

    def contour(self, job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        self.worked_on.append(job.id)
        self.during(job)
        progress("segment", 0.5)
        return Contoured((), (), ())

    def accept(self, job_id: str, priority: Priority = Priority.ROUTINE) -> None:
        self.jobs.accept(Job(job_id, Options("model"), self.now, self.now, priority=priority))


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path)


def test_one_message_is_enough_for_every_job_that_waits(worker: Worker) -> None:
    for job_id in "abc":
        worker.accept(job_id)
    work(worker.parts, Shift())
    assert worker.worked_on == ["a", "b", "c"]


def test_an_urgent_job_that_comes_meanwhile_is_next(worker: Worker) -> None:
    for job_id in "abc":
        worker.accept(job_id)
    worker.during = lambda job: job.id == "a" and worker.accept("urgent", Priority.URGENT)
    work(worker.parts, Shift())
    assert worker.worked_on == ["a", "urgent", "b", "c"]


def test_a_worker_that_is_to_stop_begins_no_other_job(worker: Worker) -> None:
    shift = Shift()
    for job_id in "ab":
        worker.accept(job_id)
    worker.during = lambda job: shift.end()
    work(worker.parts, shift)
    work(worker.parts, shift)
    assert worker.worked_on == ["a"]


def test_the_job_of_a_worker_that_stops_is_free_at_once_and_its_owner_is_refused(worker: Worker) -> None:
    shift = Shift()
    worker.accept("a")
    worker.during = lambda job: (shift.end(), give_back(worker.jobs, shift))
    work(worker.parts, shift)
    job = worker.jobs.get("a")
    assert job is not None
    assert (job.state, job.attempt, job.excused) == (State.QUEUED, 1, 1)
    assert worker.jobs.claim_next("other") is not None


def test_a_worker_of_several_lanes_claims_a_job_for_each_and_gives_all_of_them_back(worker: Worker) -> None:
    shift, both = Shift(), threading.Barrier(2, timeout=10)
    for job_id in "abc":
        worker.accept(job_id)

    def stop(job: Job) -> None:
        both.wait()  # each lane holds a job
        if both.wait() == 0:
            shift.end()
            give_back(worker.jobs, shift)
        both.wait()

    worker.during = stop
    lanes = [threading.Thread(target=work, args=(worker.parts, shift)) for _ in range(2)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    assert sorted(worker.worked_on) == ["a", "b"]
    jobs = [worker.jobs.get(job_id) for job_id in "abc"]
    assert [(job.state, job.attempt, job.excused) for job in jobs if job] == [
        (State.QUEUED, 1, 1),
        (State.QUEUED, 1, 1),
        (State.QUEUED, 0, 0),
    ]
    assert shift.held == ()


def test_an_idle_worker_has_nothing_to_give_back(worker: Worker) -> None:
    worker.accept("a")
    before = worker.jobs.get("a")
    give_back(worker.jobs, Shift())
    assert worker.jobs.get("a") == before


def test_a_worker_that_takes_nothing_while_jobs_wait_is_stalled(worker: Worker) -> None:
    idle = Shift(idle_since=float("-inf"))
    assert not is_stalled(worker.parts, idle, 60)
    worker.accept("a")
    assert not is_stalled(worker.parts, idle, 60)
    worker.now += timedelta(seconds=60)
    assert is_stalled(worker.parts, idle, 60)


def test_a_worker_that_works_or_has_looked_just_now_is_not_stalled(worker: Worker) -> None:
    seen: list[bool] = []
    shift = Shift(idle_since=float("-inf"))
    for job_id in "ab":
        worker.accept(job_id)
    worker.now += timedelta(hours=1)
    worker.during = lambda job: seen.append(is_stalled(worker.parts, shift, 60))
    work(worker.parts, shift)
    worker.accept("c")
    worker.now += timedelta(hours=1)
    assert seen == [False, False]
    assert not is_stalled(worker.parts, shift, 60)


def test_jobs_of_queues_that_a_worker_does_not_serve_do_not_stall_it(worker: Worker, tmp_path: Path) -> None:
    parts = WorkerParts(
        worker.jobs, MemoryResultStore(), tmp_path, worker.contour, "host:1", priorities=(Priority.URGENT,)
    )
    worker.accept("a")
    worker.now += timedelta(hours=1)
    work(parts, Shift())
    assert worker.worked_on == []
    assert not is_stalled(parts, Shift(idle_since=float("-inf")), 60)


def test_the_job_that_is_held_is_known_to_those_who_watch(worker: Worker) -> None:
    shift, held = Shift(), list[str]()
    worker.accept("a")
    worker.during = lambda job: held.extend(each.job_id for each in shift.held)
    thread = threading.Thread(target=work, args=(worker.parts, shift))
    thread.start()
    thread.join()
    assert held == ["a"]
    assert shift.held == ()
