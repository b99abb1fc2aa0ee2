"""What is kept no longer is erased, once, and does not come back."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pedcontour.errors import StoreError
from pedcontour.storage import MemoryResultStore
from service.janitor import TOMBSTONE_KEPT, Files, Janitor, Retention, erase_job
from service.jobs import Ending, Job, Options, State
from service.jobstore import MemoryJobStore
from service.uploads import UploadLimits, begin_upload

RETENTION = Retention(inputs=timedelta(hours=1), results=timedelta(days=1))


class Service:
    """A table with a clock, and the files of its jobs."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.jobs = MemoryJobStore(clock=lambda: self.now)
        self.files = Files(folder / "uploads", MemoryResultStore())
        self.folder = folder

    def done(self, job_id: str) -> None:
        self.upload(job_id)
        self.jobs.accept(Job(job_id, Options("model"), self.now, self.now))
        self.jobs.claim_next("w")
        self.put(job_id)
        self.jobs.end(job_id, "w", Ending(State.DONE, results={"seg.dcm": f"{job_id}/1/seg.dcm"}))

    def upload(self, job_id: str) -> None:
        part = begin_upload(self.files.uploads, job_id, UploadLimits(10, 10))
        part.begin_file()
        part.write(b"x")
        part.commit()

    def put(self, job_id: str) -> None:
        (self.folder / "seg.dcm").write_bytes(b"x")
        self.files.results.put(f"{job_id}/1/seg.dcm", self.folder / "seg.dcm")

    def kept(self, job_id: str) -> tuple[bool, bool, bool]:
        """Whether its images, its results and its row are there."""
        results = self.files.results.list(job_id) != []
        return (self.files.uploads / job_id).exists(), results, self.jobs.get(job_id) is not None


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def test_images_go_first_and_results_with_the_record_later(service: Service) -> None:
    janitor = Janitor(service.jobs, service.files, RETENTION)
    service.done("a")
    seen = []
    for hours in (0.9, 0.1, 22.9, 0.1):
        service.now += timedelta(hours=hours)
        assert janitor.do_round()
        seen.append(service.kept("a"))
    assert seen == [(True, True, True), (False, True, True), (False, True, True), (False, False, False)]


def test_a_job_that_has_not_ended_is_left_alone(service: Service) -> None:
    service.upload("a")
    service.jobs.accept(Job("a", Options("model"), service.now, service.now))
    service.now += timedelta(days=100)
    Janitor(service.jobs, service.files, RETENTION).do_round()
    assert service.kept("a") == (True, False, True)


def test_what_is_written_late_is_removed_as_long_as_the_tombstone_stands(service: Service) -> None:
    janitor = Janitor(service.jobs, service.files, RETENTION)
    service.done("a")
    assert erase_job("a", service.jobs, service.files)
    service.put("a")
    janitor.do_round()
    assert service.kept("a") == (False, False, False)
    assert service.jobs.tombstones() != []
    service.now += TOMBSTONE_KEPT
    service.put("a")
    janitor.do_round()
    assert service.kept("a") == (False, False, False)
    assert service.jobs.tombstones() == []


def test_files_that_cannot_be_removed_keep_their_tombstone_and_hold_up_no_others(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    janitor = Janitor(service.jobs, service.files, RETENTION)
    delete = service.files.results.delete

    def refuse_a(prefix: str) -> None:
        if prefix == "a":
            raise StoreError
        delete(prefix)

    for job_id in "ab":
        service.done(job_id)
    monkeypatch.setattr(service.files.results, "delete", refuse_a)
    service.now += timedelta(days=2)
    janitor.do_round()
    service.now += TOMBSTONE_KEPT
    janitor.do_round()
    assert service.kept("b") == (False, False, False)
    assert [stone.job_id for stone in service.jobs.tombstones()] == ["a"]
    monkeypatch.undo()
    janitor.do_round()
    assert service.kept("a") == (False, False, False)
    assert service.jobs.tombstones() == []


def test_of_two_janitors_one_is_on_duty_and_the_other_takes_over_when_it_is_gone(service: Service) -> None:
    first, second = (Janitor(service.jobs, service.files, RETENTION) for _ in range(2))
    assert first.do_round()
    assert not second.do_round()
    service.now += timedelta(minutes=2)
    assert first.do_round()
    assert not second.do_round()
    service.now += timedelta(minutes=3)
    assert second.do_round()


def test_uploads_without_a_job_are_erased_when_images_would_be(service: Service) -> None:
    janitor = Janitor(service.jobs, service.files, RETENTION)
    for job_id in ("orphan", "young"):
        service.upload(job_id)
    broken = begin_upload(service.files.uploads, "broken", UploadLimits(10, 10)).folder
    for folder in (service.files.uploads / "orphan", broken):
        os.utime(folder, (0, 0))
    janitor.do_round()
    assert [path.name for path in service.files.uploads.iterdir()] == ["young"]


def test_an_unknown_job_is_not_erased(service: Service) -> None:
    assert not erase_job("none", service.jobs, service.files)
