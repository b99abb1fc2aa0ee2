"""The use case from files to files, with an engine in memory."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from pedcontour.contour import ContourOutcome, ContourRequest, Report, contour_files
from pedcontour.dicom import catalogue
from pedcontour.errors import (
    CancelledError,
    DeviceFailedError,
    NotCtError,
    NothingDrawnError,
    OutputFolderNotEmptyError,
    ReadBackMismatchError,
    StructureUnknownError,
)
from pedcontour.inference import memory
from pedcontour.inference.memory import CLEAR_REFS, MIB
from pedcontour.postprocessing import Candidate, Judgement
from pedcontour.verdicts import Outcome
from tests.unit.contour.painted import PaintReader, painted_job, painted_series
from tests.unit.postprocessing.torso import BOXES

RESULTS = ("preview.png", "report.json", "rtstruct.dcm", "seg.dcm")


def ignore(stage: str, share: float) -> None:
    pass


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return painted_series(tmp_path_factory.mktemp("ct"))


@pytest.fixture(scope="module")
def done(series: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ContourOutcome, list]:
    out = tmp_path_factory.mktemp("out") / "result"
    told: list[tuple[str, float]] = []
    outcome = contour_files(series, out, painted_job(), lambda stage, share: told.append((stage, share)))
    return out, outcome, told


def test_the_folder_holds_the_four_results_and_nothing_else(done: tuple) -> None:
    out, outcome, _ = done
    assert tuple(sorted(path.name for path in out.iterdir())) == RESULTS == outcome.files
    assert [path.name for path in out.parent.iterdir()] == ["result"]


def test_both_dicom_files_show_the_organs_that_are_there(done: tuple) -> None:
    out, _, _ = done
    rtstruct, seg = pydicom.dcmread(out / "rtstruct.dcm"), pydicom.dcmread(out / "seg.dcm")
    assert len(rtstruct.StructureSetROISequence) == len(BOXES)
    assert rtstruct.ApprovalStatus == "UNAPPROVED"
    assert {"Liver", "Kidney_L"} <= {item.SegmentLabel for item in seg.SegmentSequence}


def test_progress_names_the_stages_in_order_and_never_falls(done: tuple) -> None:
    told = done[2]
    stages = list(dict.fromkeys(stage for stage, _ in told))
    shares = [share for _, share in told]
    assert stages == ["read", "segment", "judge", "write", "check", "picture"]
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] == pytest.approx(1.0)


def test_the_report_is_valid_and_tells_the_same_as_the_outcome(done: tuple) -> None:
    out, outcome, _ = done
    text = (out / "report.json").read_text("utf-8")
    report = Report.model_validate_json(text)
    assert json.loads(text) == outcome.report
    assert [entry.organ for entry in report.organs] == [verdict.organ for verdict in outcome.verdicts]
    assert report.notice == "Not for clinical use without local validation."
    assert report.model.digest_sha256 == "0123456789abcdef" * 4
    assert report.software.engine == "in-memory"
    assert {"read", "segment", "judge", "write", "check", "picture", "segment.network"} <= set(
        report.software.timings_s
    )


def test_the_report_gives_the_digest_of_every_other_file(done: tuple) -> None:
    out, outcome, _ = done
    listed = {entry["name"]: entry["sha256"] for entry in outcome.report["files"]}
    assert set(listed) == set(RESULTS) - {"report.json"}
    for name, digest in listed.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest


def test_the_report_says_how_well_each_drawn_organ_was_read_back(done: tuple) -> None:
    organs = {entry["organ"]: entry for entry in done[1].report["organs"]}
    assert organs["liver"]["read_back_dice"] == pytest.approx(1.0, abs=0.001)
    assert organs["gallbladder"]["read_back_dice"] is None


def test_the_report_names_the_series_by_uid_and_the_patient_not_at_all(done: tuple, series: list[Path]) -> None:
    image = pydicom.dcmread(series[0], stop_before_pixels=True)
    text = (done[0] / "report.json").read_text("utf-8")
    assert image.SeriesInstanceUID in text and image.StudyInstanceUID in text
    assert str(image.PatientName) not in text and str(image.PatientID) not in text


def test_the_picture_can_be_opened(done: tuple) -> None:
    with Image.open(done[0] / "preview.png") as picture:
        assert picture.width == 1920


@pytest.mark.skipif(not os.access(CLEAR_REFS, os.W_OK), reason="this system does not measure a process's memory anew")
def test_the_report_tells_the_memory_of_its_own_job_to_the_last_stage(series: list[Path], tmp_path: Path) -> None:
    def take_memory(stage: str, share: float) -> None:
        if stage == "picture":
            np.ones(256 * MIB, np.uint8)

    large = contour_files(series, tmp_path / "large", painted_job(), take_memory)
    small = contour_files(series, tmp_path / "small", painted_job(), ignore)
    peak, next_peak = (job.report["software"]["peak_memory_bytes"] for job in (large, small))
    assert next_peak > 16 * MIB
    assert peak - next_peak > 192 * MIB


def test_where_a_peak_cannot_begin_again_the_report_tells_that_of_the_process(
    series: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "CLEAR_REFS", tmp_path / "not there" / "clear_refs")
    np.ones(256 * MIB, np.uint8)
    ever = memory.peak_resident_bytes()
    outcome = contour_files(series, tmp_path / "out", painted_job(), ignore)
    assert outcome.report["software"]["peak_memory_bytes"] >= ever


def test_a_second_attempt_at_the_same_job_writes_the_same_dicom_files(
    done: tuple, series: list[Path], tmp_path: Path
) -> None:
    contour_files(series, tmp_path / "again", painted_job(), ignore)
    for name in ("rtstruct.dcm", "seg.dcm"):
        first, again = pydicom.dcmread(done[0] / name), pydicom.dcmread(tmp_path / "again" / name)
        assert first.SOPInstanceUID == again.SOPInstanceUID


def test_a_declared_absence_reaches_every_file(series: list[Path], tmp_path: Path) -> None:
    request = ContourRequest(absent=frozenset({"kidney_left"}))
    outcome = contour_files(series, tmp_path / "out", painted_job(request), ignore)
    rtstruct = pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm")
    assert "Kidney_L" not in {item.ROIName for item in rtstruct.StructureSetROISequence}
    (kidney,) = [entry for entry in outcome.report["organs"] if entry["organ"] == "kidney_left"]
    assert kidney["outcome"] == "absent_declared"
    assert any(warning.startswith("DECLARED_ABSENT_BUT_SEEN") for warning in outcome.report["warnings"])


def test_only_the_requested_structures_are_written(series: list[Path], tmp_path: Path) -> None:
    contour_files(series, tmp_path / "out", painted_job(ContourRequest(("liver", "spleen"))), ignore)
    rtstruct = pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm")
    assert {item.ROIName for item in rtstruct.StructureSetROISequence} == {"Liver", "Spleen"}


def test_the_absence_rules_of_the_job_are_used(series: list[Path], tmp_path: Path) -> None:
    def take_away(candidate: Candidate) -> Judgement:
        return Judgement(Outcome.REMOVED_FALSE_POSITIVE, "A rule of the test.")

    plain = painted_job()
    job = type(plain)(plain.engine, plain.model, plain.request, plain.identity, {"kidney_right": take_away})
    outcome = contour_files(series, tmp_path / "out", job, ignore)
    assert {v.organ for v in outcome.verdicts if v.outcome is Outcome.REMOVED_FALSE_POSITIVE} == {"kidney_right"}


def test_an_empty_folder_that_exists_is_filled(series: list[Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    contour_files(series, tmp_path / "out", painted_job(), ignore)
    assert (tmp_path / "out" / "rtstruct.dcm").is_file()


def test_a_folder_that_holds_anything_is_refused_and_left_as_it_was(series: list[Path], tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("mine")
    with pytest.raises(OutputFolderNotEmptyError):
        contour_files(series, tmp_path, painted_job(), ignore)
    assert [path.name for path in tmp_path.iterdir()] == ["keep.txt"]


@pytest.mark.parametrize("stage", ["read", "segment", "judge", "write", "check", "picture"])
def test_a_job_cancelled_at_any_stage_leaves_nothing(stage: str, series: list[Path], tmp_path: Path) -> None:
    def cancel(told: str, share: float) -> None:
        if told == stage:
            raise CancelledError

    with pytest.raises(CancelledError):
        contour_files(series, tmp_path / "out", painted_job(), cancel)
    assert list(tmp_path.iterdir()) == []


class OneTurn:
    """A turn that is waited for, and at which stages it was held."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.is_held = False
        self.stages: list[tuple[str, bool]] = []

    @contextmanager
    def __call__(self, needs_bytes: int) -> Iterator[None]:
        self.asked.append(needs_bytes)
        self.is_held = True
        try:
            yield
        finally:
            self.is_held = False

    def told(self, stage: str, share: float) -> None:
        self.stages.append((stage, self.is_held))


def test_a_job_that_shares_its_device_holds_it_for_its_network_alone(series: list[Path], tmp_path: Path) -> None:
    turn = OneTurn()
    outcome = contour_files(series, tmp_path / "out", replace(painted_job(), turn=turn), turn.told)
    assert turn.asked == [0]
    assert {stage for stage, held in turn.stages if held} == {"wait", "segment"}
    assert {"read", "wait", "judge", "write", "check", "picture"} <= {stage for stage, held in turn.stages if not held}
    assert "wait" in outcome.report["software"]["timings_s"]


def test_a_job_whose_network_fails_gives_the_device_on(
    series: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DeviceFailedError

    turn = OneTurn()
    monkeypatch.setattr(PaintReader, "segment", fail)
    with pytest.raises(DeviceFailedError):
        contour_files(series, tmp_path / "out", replace(painted_job(), turn=turn), ignore)
    assert (turn.asked, turn.is_held) == ([0], False)


def test_a_file_that_does_not_show_the_mask_fails_the_job_and_leaves_nothing(
    series: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = catalogue.WRITERS["rtstruct"]

    def shifted(result, path: Path) -> None:  # a writer with a planted fault: one contour moved by two centimetres
        honest(result, path)
        rtstruct = pydicom.dcmread(path)
        contour = rtstruct.ROIContourSequence[0].ContourSequence[0]
        contour.ContourData = [value + 20.0 * (n % 3 == 0) for n, value in enumerate(contour.ContourData)]
        rtstruct.save_as(path)

    monkeypatch.setitem(catalogue.WRITERS, "rtstruct", shifted)
    with pytest.raises(ReadBackMismatchError):
        contour_files(series, tmp_path / "out", painted_job(), ignore)
    assert list(tmp_path.iterdir()) == []


def test_a_request_that_cannot_be_met_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(StructureUnknownError):
        contour_files([], tmp_path / "out", painted_job(ContourRequest(("brain",))), ignore)


def test_a_job_that_draws_nothing_gives_every_verdict_with_its_error_and_leaves_no_files(tmp_path: Path) -> None:
    nephrectomy = painted_series(tmp_path / "ct", without=frozenset({"kidney_left"}))
    with pytest.raises(NothingDrawnError) as caught:
        contour_files(nephrectomy, tmp_path / "out", painted_job(ContourRequest(("kidney_left",))), ignore)
    outcomes = {verdict.organ: verdict.outcome for verdict in caught.value.verdicts}
    assert len(outcomes) == 19
    assert outcomes["kidney_left"] is Outcome.ABSENT_DETECTED and outcomes["liver"] is Outcome.NOT_REQUESTED
    assert [warning.split(":")[0] for warning in caught.value.warnings] == ["ABSENT_DETECTED"]
    assert [path.name for path in tmp_path.iterdir()] == ["ct"]


def test_input_without_a_ct_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    note = tmp_path / "in" / "note.txt"
    note.parent.mkdir()
    note.write_text("no image")
    with pytest.raises(NotCtError):
        contour_files([note], tmp_path / "out", painted_job(), ignore)
    assert not (tmp_path / "out").exists()
