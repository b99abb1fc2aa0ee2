"""The supervisor of the intake, with real processes: good uploads come out clean, and bad ones harm nobody."""

import os
import sys
import time
from pathlib import Path

import pytest

from pedcontour.errors import (
    CancelledError,
    IntakeBrokenError,
    IntakeLimitError,
    NotCtError,
    PedcontourError,
    ProcessEndedError,
    StoreError,
)
from pedcontour.settings import Settings
from service.confinement import Limits
from service.logs import line_of
from service.uploads import ARCHIVE_NAME
from service.worker.intake import Intake
from service.worker.messages import CLEAN
from service.worker.supervised import INTAKE, intake_environment
from tests.hostile.archives import good_zip
from tests.hostile.dicoms import good_series, with_preamble

LIMITS = Limits(memory_bytes=2**30, cpu_s=60.0, file_bytes=2**28)

pytestmark = pytest.mark.slow


def go_on() -> None:
    """Nobody wants to stop."""


def an_intake(command: tuple[str, ...] = INTAKE, limits: Limits = LIMITS, timeout_s: float = 120.0) -> Intake:
    environment = {**intake_environment(dict(os.environ)), "PYTHONPATH": os.pathsep.join(sys.path)}
    return Intake(command, environment, limits, timeout_s)


def faulty(fault: str, limits: Limits = LIMITS, timeout_s: float = 120.0) -> Intake:
    return an_intake((sys.executable, "-m", "tests.stand_ins.faulty_intake", fault), limits, timeout_s)


def write_upload(folder: Path, files: list[bytes]) -> Path:
    folder.mkdir()
    for place, content in enumerate(files, 1):
        (folder / f"{place:06}.dcm").write_bytes(content)
    return folder


def test_one_upload_after_the_other_comes_out_clean_each_from_a_process_of_its_own(tmp_path: Path) -> None:
    program = b"\x7fELF\x02\x01\x01"
    files = write_upload(tmp_path / "files", [with_preamble(program)(f) for f in good_series()] + [b"%PDF-1.7"])
    archive = tmp_path / "zip" / ARCHIVE_NAME
    archive.parent.mkdir()
    archive.write_bytes(good_zip())
    intake = an_intake()
    try:
        for name, upload in (("a", files), ("b", archive.parent)):
            (tmp_path / name).mkdir()
            taken = intake.take(upload, tmp_path / name, None, go_on)
            assert taken.slices == len(list((tmp_path / name / CLEAN).iterdir())) == len(good_series())
            assert 0 < taken.peak_bytes < LIMITS.memory_bytes
            assert [(left.code, left.reason) for left in taken.ignored] == (
                [("NOT_DICOM", "not a readable DICOM file (1 PDF)")] if name == "a" else []
            )
    finally:
        intake.close()
    clean = sorted((tmp_path / "a" / CLEAN).iterdir())
    assert [file.name for file in clean] == [f"{n:06}.dcm" for n in range(len(clean))]
    assert all(file.read_bytes()[:132] == bytes(128) + b"DICM" for file in clean)
    assert not any((tmp_path / "b").glob("unpacked"))


def test_the_log_tells_how_many_slices_were_taken_in_and_why_an_upload_was_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "service.worker.intake")
    intake = an_intake()
    try:
        (tmp_path / "a").mkdir()
        intake.take(write_upload(tmp_path / "good", list(good_series())), tmp_path / "a", None, go_on)
        (tmp_path / "b").mkdir()
        with pytest.raises(NotCtError):
            intake.take(write_upload(tmp_path / "bad", [b"no image"]), tmp_path / "b", None, go_on)
    finally:
        intake.close()
    taken, refused = (line_of(record) for record in caplog.records)
    assert (taken["count"], refused["code"]) == (len(good_series()), "NOT_CT")
    assert taken["event"].startswith("intake: slices taken in, ") and refused["event"].startswith("intake: refused, ")
    assert all(line["duration_s"] > 0 and "-" not in line["event"] for line in (taken, refused))


def test_a_refusal_comes_with_its_code_and_the_next_upload_is_taken(tmp_path: Path) -> None:
    intake = an_intake()
    try:
        (tmp_path / "a").mkdir()
        with pytest.raises(NotCtError, match="1 gzip"):
            intake.take(write_upload(tmp_path / "bad", [b"\x1f\x8b\x08" * 9]), tmp_path / "a", None, go_on)
        (tmp_path / "b").mkdir()
        intake.take(write_upload(tmp_path / "good", list(good_series())), tmp_path / "b", None, go_on)
    finally:
        intake.close()


@pytest.mark.parametrize(
    ("fault", "error", "detail"),
    [
        ("memory", IntakeLimitError, "memory"),
        ("time", IntakeLimitError, "SIGXCPU"),
        ("crash", IntakeBrokenError, "SIGSEGV"),
        ("killed", ProcessEndedError, "killed from outside"),
        ("long file", StoreError, "OSError"),
        ("foreign", PedcontourError, "ValueError"),
    ],
)
def test_a_parser_that_goes_wrong_ends_its_own_process_and_says_so(
    tmp_path: Path, fault: str, error: type[PedcontourError], detail: str
) -> None:
    intake = faulty(fault, Limits(memory_bytes=2**29, cpu_s=4.0, file_bytes=2**20))
    try:
        with pytest.raises(error) as refused:
            intake.take(tmp_path, tmp_path, None, go_on)
    finally:
        intake.close()
    assert refused.value.code == error.code
    assert refused.value.detail.startswith(detail)


def test_a_parser_that_only_waits_meets_the_clock_and_one_that_is_not_wanted_any_more_is_ended(tmp_path: Path) -> None:
    intake = faulty("waits", timeout_s=1.0)
    try:
        with pytest.raises(IntakeLimitError, match="more than 1 s"):
            intake.take(tmp_path, tmp_path, None, go_on)
    finally:
        intake.close()

    def stop() -> None:
        raise CancelledError

    patient, began = faulty("waits"), time.monotonic()
    try:
        with pytest.raises(CancelledError):
            patient.take(tmp_path, tmp_path, None, stop)
    finally:
        patient.close()
    assert time.monotonic() - began < 60


def test_children_that_read_images_are_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    settings = Settings(
        redis_url="redis://:hunter2@broker/0",  # type: ignore[arg-type]
        database_url="postgresql://user:hunter2@db/jobs",  # type: ignore[arg-type]
        api_keys="first-key-0123456789",  # type: ignore[arg-type]
        results_url="s3://bucket",
        results_access_key_id="hunter2",  # type: ignore[arg-type]
        results_secret_access_key="hunter2",  # type: ignore[arg-type]
    )
    told = settings.environment(with_secrets=False)
    assert "PEDCONTOUR_MODELS_DIR" in told
    assert not any("hunter2" in value or "first-key" in value for value in told.values())
    assert not [name for name in intake_environment(settings.environment()) if name.startswith("PEDCONTOUR")]
