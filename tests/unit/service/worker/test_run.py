"""One job from claim to end, with a contouring that does what each test wants."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pedcontour.errors import (
    CancelledError,
    DeviceFailedError,
    EngineUnusableError,
    GantryTiltError,
    NothingDrawnError,
    ProcessSilentError,
    StoreError,
)
from pedcontour.storage import MemoryResultStore
from pedcontour.verdicts import Outcome, Verdict
from service.jobs import DEFAULT_RETRIES, Job, Options, Retries, State
from service.jobstore import MemoryJobStore
from service.worker.run import Contoured, Contourer, StageProgress, WorkerParts, run_next
from service.worker.shift import Shift

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VERDICT = Verdict("liver", Outcome.PRESENT, 500.0, 500.0, 0.9, "Drawn.")


def draw(job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
    out.mkdir()
    progress("segment", 0.5)
    (out / "seg.dcm").write_bytes(job.id.encode())
    return Contoured((VERDICT,), ("A: b",), ("seg.dcm",))


def make_parts(tmp_path: Path, contour: Contourer, retries: Retries = DEFAULT_RETRIES) -> WorkerParts:
    store = MemoryJobStore(retries)
    store.accept(Job("a", Options("model"), NOW, NOW))
    return WorkerParts(store, MemoryResultStore(), tmp_path, contour, "host:1", heartbeat_s=0.02)


def state_of(parts: WorkerParts) -> Job:
    job = parts.jobs.get("a")
    assert job is not None
    return job


def raising(error: Exception) -> Contourer:
    def contour(job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        raise error

    return contour


def test_a_job_is_contoured_and_its_results_are_kept(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, draw)
    run_next(parts, Shift())
    job = state_of(parts)
    assert (job.state, job.verdicts, job.warnings) == (State.DONE, (VERDICT,), ("A: b",))
    assert job.results == {"seg.dcm": "a/1/seg.dcm"}
    with parts.results.open("a/1/seg.dcm") as result:
        assert result.read() == b"a"


def test_a_second_message_for_the_same_job_does_nothing(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, draw)
    run_next(parts, Shift())
    before = state_of(parts)
    run_next(parts, Shift())
    assert state_of(parts) == before


def test_the_contouring_gets_the_job_and_the_folder_of_its_upload(tmp_path: Path) -> None:
    seen: list[tuple[str, Path]] = []

    def contour(job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        seen.append((job.id, upload))
        return draw(job, upload, out, progress)

    run_next(make_parts(tmp_path, contour), Shift())
    assert seen == [("a", tmp_path / "a")]


def test_an_error_of_ours_fails_the_job_with_its_code(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, raising(GantryTiltError("14 degrees", instance_uids=("1.2",))))
    run_next(parts, Shift())
    problem = state_of(parts).problem
    assert problem is not None
    assert (problem.code, problem.detail, problem.instance_uids) == ("GANTRY_TILT", "14 degrees", ("1.2",))


def test_a_job_that_draws_nothing_fails_with_its_verdicts(tmp_path: Path) -> None:
    missing = Verdict("kidney_left", Outcome.ABSENT_DETECTED, 0.0, 0.0, None, "Nothing was drawn.")
    parts = make_parts(tmp_path, raising(NothingDrawnError(verdicts=[missing], warnings=["ABSENT_DETECTED: b"])))
    run_next(parts, Shift())
    job = state_of(parts)
    assert job.problem is not None and job.problem.code == "NOTHING_DRAWN"
    assert (job.state, job.verdicts, job.warnings) == (State.FAILED, (missing,), ("ABSENT_DETECTED: b",))
    assert job.results is None


def test_declarations_are_logged_by_their_number_and_a_contradiction_by_its_code(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def seen(job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        return replace(draw(job, upload, out, progress), warnings=("DECLARED_ABSENT_BUT_SEEN: Left kidney, 90 mL.",))

    store = MemoryJobStore(DEFAULT_RETRIES)
    store.accept(Job("a", Options("model", absent=("kidney_left",), present=("kidney_right",)), NOW, NOW))
    with caplog.at_level(logging.INFO):
        run_next(replace(make_parts(tmp_path, seen), jobs=store), Shift())
    assert "job a: 1 organs declared absent, 1 declared present" in caplog.messages
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert warning.code == "DECLARED_ABSENT_BUT_SEEN" and "kidney" not in caplog.text.lower()


def test_of_a_foreign_error_only_the_class_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    parts = make_parts(tmp_path, raising(ValueError("Phantom^Child 20200101")))
    with caplog.at_level(logging.DEBUG):
        run_next(parts, Shift())
    problem = state_of(parts).problem
    assert problem is not None
    assert (problem.code, problem.detail) == ("INTERNAL", "ValueError")
    assert "Phantom" not in caplog.text


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (StoreError("full"), "STORE_FAILED"),
        (OSError(28, "No space left"), "OSError"),
        (MemoryError(), "MemoryError"),
        (ProcessSilentError(), "PROCESS_SILENT"),
        (DeviceFailedError(), "DEVICE_FAILED"),
    ],
)
def test_trouble_of_the_place_gives_the_job_back(tmp_path: Path, error: Exception, trouble: str) -> None:
    parts = make_parts(tmp_path, raising(error))
    run_next(parts, Shift())
    job = state_of(parts)
    assert (job.state, job.attempt, job.trouble) == (State.QUEUED, 1, trouble)


def test_a_worker_whose_engine_is_gone_gives_its_job_back_and_stops(tmp_path: Path) -> None:
    parts, shift = make_parts(tmp_path, raising(EngineUnusableError("ImportError"))), Shift()
    run_next(parts, shift)
    assert (state_of(parts).state, state_of(parts).trouble) == (State.QUEUED, "ENGINE_UNUSABLE")
    assert shift.is_ending


def test_a_job_given_back_too_often_is_quarantined(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, raising(OSError()), Retries(max_attempts=2, resend_after_s=0))
    for _ in range(3):
        run_next(parts, Shift())
    problem = state_of(parts).problem
    assert problem is not None
    assert problem.code == "QUARANTINED"


def _until_stopped(progress: StageProgress, before: Callable[[], None]) -> None:
    """Work that goes on until its progress is refused."""
    before()
    for _ in range(500):
        progress("segment", 0.5)
        threading.Event().wait(0.01)
    raise AssertionError("it was not stopped")


def test_a_cancelled_job_stops_at_its_next_progress(tmp_path: Path) -> None:
    def contour(job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        _until_stopped(progress, lambda: parts.jobs.cancel("a") and None)
        raise CancelledError

    parts = make_parts(tmp_path, contour)
    run_next(parts, Shift())
    assert state_of(parts).state is State.CANCELLED
    assert parts.results.list("a") == []


def test_a_job_cancelled_after_its_last_progress_keeps_no_results(tmp_path: Path) -> None:
    def contour(job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        contoured = draw(job, upload, out, progress)
        parts.jobs.cancel("a")
        return contoured

    parts = make_parts(tmp_path, contour)
    run_next(parts, Shift())
    assert state_of(parts).state is State.CANCELLED


def test_a_worker_that_lost_its_job_stops_and_writes_nothing(tmp_path: Path) -> None:
    clock = [NOW]
    store = MemoryJobStore(Retries(lease_s=1), lambda: clock[0])
    store.accept(Job("a", Options("model"), NOW, NOW))

    def lose() -> None:
        clock[0] += timedelta(seconds=2)
        assert store.claim_next("other") is not None

    def contour(job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        _until_stopped(progress, lose)
        raise AssertionError

    parts = replace(make_parts(tmp_path, contour), jobs=store, heartbeat_s=60)
    run_next(parts, Shift())
    job = state_of(parts)
    assert (job.state, job.owner) == (State.RUNNING, "other")
    assert parts.results.list("a") == []


def test_the_lease_is_renewed_while_a_stage_tells_nothing(tmp_path: Path) -> None:
    def contour(job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        before = state_of(parts).lease_until
        threading.Event().wait(0.2)
        after = state_of(parts).lease_until
        assert before is not None
        assert after is not None
        assert after > before
        return draw(job, upload, out, progress)

    parts = make_parts(tmp_path, contour)
    run_next(parts, Shift())
    assert state_of(parts).state is State.DONE


def test_nothing_of_the_work_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for contour in (draw, raising(ValueError())):
        run_next(make_parts(tmp_path / "uploads", contour), Shift())
    assert list(tmp_path.iterdir()) == []
