"""Nothing misplaced, mislabelled or misattributed leaves: every planted fault is caught, in either file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copy

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset, dcmread

from pedcontour.dicom.catalogue import WRITERS
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.readback import check_read_back
from pedcontour.dicom.series import CtSeries
from pedcontour.errors import IdentityMismatchError, ReadBackMismatchError
from pedcontour.volume import Grid, Volume
from tests.made_series import (
    IDENTITY,
    POSITIONS,
    bodies,
    ds,
    grid_for,
    made_result,
    made_series,
    oblique_orientation,
)

GRID = grid_for((14, 40, 40), (8.0, 3.0, 3.0))
SERIES = made_series(GRID)
VOXELS = bodies(GRID)
RESULT = made_result(SERIES, VOXELS)
FORMATS = ("rtstruct", "seg")

Labels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def faithful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faithful")
    _write(RESULT, folder)
    return folder


@pytest.fixture
def folder(faithful: Path, tmp_path: Path) -> Path:
    """Both files as they should be, to be spoiled by one test."""
    for name in FORMATS:
        copy(faithful / f"{name}.dcm", tmp_path)
    return tmp_path


def _write(result: ContouredSeries, folder: Path, formats: tuple[str, ...] = FORMATS) -> None:
    for name in formats:
        WRITERS[name](result, folder / f"{name}.dcm")


def _check(folder: Path, result: ContouredSeries = RESULT) -> dict[str, float]:
    return check_read_back(result, {name: folder / f"{name}.dcm" for name in FORMATS}).dice


def _edit(path: Path, change: Callable[[Dataset], None]) -> None:
    dataset = dcmread(path)
    change(dataset)
    dataset.save_as(path)


def test_faithful_files_come_back_with_dice_one(folder: Path) -> None:
    proof = check_read_back(RESULT, {name: folder / f"{name}.dcm" for name in FORMATS})
    expected = [(name, roi.organ.id) for name in FORMATS for roi in RESULT.rois]
    assert [(organ.format, organ.organ) for organ in proof.organs] == expected
    assert set(proof.dice.values()) == {1.0}
    assert {organ.shift_mm for organ in proof.organs} == {0.0}


@pytest.mark.parametrize("orientation", [*POSITIONS.values(), oblique_orientation()])
@pytest.mark.parametrize("against_normal", [False, True])
def test_files_of_every_orientation_come_back(
    tmp_path: Path, orientation: tuple[float, ...], against_normal: bool
) -> None:
    grid = grid_for((12, 36, 41), (9.0, 3.0, 3.5), orientation)
    if against_normal:
        last = grid.to_lps_mm((grid.shape[0] - 1, 0, 0))
        affine = grid.affine * np.array([-1, 1, 1, 1])
        affine[:3, 3] = last
        grid = Grid(grid.shape, affine)
    result = made_result(made_series(grid), bodies(grid))
    _write(result, tmp_path)
    assert set(_check(tmp_path, result).values()) == {1.0}


def _swapped(voxels: Labels) -> Labels:
    swap = np.arange(256, dtype=np.uint8)
    swap[[2, 3]] = 3, 2
    return swap[voxels]


PLANTED: dict[str, Callable[[Labels], Labels]] = {
    "mirrored left-right": lambda v: v[:, :, ::-1],
    "mirrored front-back": lambda v: v[:, ::-1],
    "slices reversed": lambda v: v[::-1],
    "rows and columns transposed": lambda v: v.transpose(0, 2, 1),
    "turned by 180 degrees": lambda v: v[:, ::-1, ::-1],
    "one slice off": lambda v: np.roll(v, 1, axis=0),
    "one row off": lambda v: np.roll(v, 1, axis=1),
    "one column off": lambda v: np.roll(v, -1, axis=2),
    "left and right kidney swapped": _swapped,
    "hole filled": lambda v: np.where((v == 0) & (np.roll(v, 3, axis=2) == 5), 5, v).astype(np.uint8),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_fault_in_the_contours_is_caught(folder: Path, bug: str, name: str) -> None:
    _write(made_result(SERIES, np.ascontiguousarray(PLANTED[bug](VOXELS))), folder, (name,))
    with pytest.raises(ReadBackMismatchError, match=name):
        _check(folder)


@pytest.mark.parametrize("axis", [0, 1])
def test_contours_half_a_voxel_off_are_caught(folder: Path, axis: int) -> None:
    shift_mm = GRID.affine[:3, 1 + axis] / 2

    def change(rtstruct: Dataset) -> None:
        for roi in rtstruct.ROIContourSequence:
            for contour in roi.ContourSequence:
                points = np.array(contour.ContourData, float).reshape(-1, 3) + shift_mm
                contour.ContourData = [ds(v) for v in points.ravel()]

    _edit(folder / "rtstruct.dcm", change)
    with pytest.raises(ReadBackMismatchError, match="rtstruct"):
        _check(folder)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_frames_half_a_voxel_off_are_caught(folder: Path, axis: int) -> None:
    shift_mm = GRID.affine[:3, axis] / 2

    def change(seg: Dataset) -> None:
        for groups in seg.PerFrameFunctionalGroupsSequence:
            position = groups.PlanePositionSequence[0]
            position.ImagePositionPatient = [ds(v) for v in np.array(position.ImagePositionPatient, float) + shift_mm]

    _edit(folder / "seg.dcm", change)
    with pytest.raises(ReadBackMismatchError, match="seg"):
        _check(folder)


def test_a_grid_that_mirrors_the_images_is_caught(tmp_path: Path) -> None:
    """The fault of peers: the volume was reoriented and its affine guessed."""
    affine = np.array(GRID.affine)
    affine[:3, 3] = GRID.to_lps_mm((0, 0, GRID.shape[2] - 1))
    affine[:3, 2] *= -1
    wrong = CtSeries(Volume(Grid(GRID.shape, affine), np.zeros(GRID.shape, np.int16)), SERIES.headers)
    result = made_result(wrong, VOXELS)
    _write(result, tmp_path)
    with pytest.raises(ReadBackMismatchError):
        _check(tmp_path, result)


def test_names_of_two_organs_exchanged_are_caught(folder: Path) -> None:
    def change(rtstruct: Dataset) -> None:
        right, left = (next(s for s in rtstruct.StructureSetROISequence if s.ROINumber == n) for n in (2, 3))
        right.ROIName, left.ROIName = left.ROIName, right.ROIName

    _edit(folder / "rtstruct.dcm", change)
    with pytest.raises(ReadBackMismatchError, match="name, colour, code or side"):
        _check(folder)


def test_a_wrong_side_in_the_code_is_caught(folder: Path) -> None:
    def change(seg: Dataset) -> None:
        kind = seg.SegmentSequence[1].SegmentedPropertyTypeCodeSequence[0]
        kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeValue = "7771000"

    _edit(folder / "seg.dcm", change)
    with pytest.raises(ReadBackMismatchError, match="name, colour, code or side"):
        _check(folder)


@pytest.mark.parametrize("name", FORMATS)
def test_a_lost_organ_is_caught(folder: Path, name: str) -> None:
    _write(made_result(SERIES, np.where(VOXELS == 3, 0, VOXELS).astype(np.uint8)), folder, (name,))
    with pytest.raises(ReadBackMismatchError, match=name):
        _check(folder)


@pytest.mark.parametrize("name", FORMATS)
def test_an_organ_too_many_is_caught(folder: Path, name: str) -> None:
    more = VOXELS.copy()
    more[0, :3, :3] = 19
    _write(made_result(SERIES, more), folder, (name,))
    with pytest.raises(ReadBackMismatchError, match=name):
        _check(folder)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("damage", [lambda raw: b"", lambda raw: raw[: len(raw) // 2], lambda raw: b"\0" * 5000])
def test_a_damaged_file_is_caught(folder: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    path = folder / f"{name}.dcm"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises((ReadBackMismatchError, IdentityMismatchError), match=name):
        _check(folder)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "keyword", ["PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID", "PatientSex", "AccessionNumber"]
)
def test_another_patient_study_or_frame_of_reference_is_caught(folder: Path, keyword: str, name: str) -> None:
    _edit(folder / f"{name}.dcm", lambda dataset: setattr(dataset, keyword, "1.2.3"))
    with pytest.raises(IdentityMismatchError, match=f"{name}: {keyword} differs") as caught:
        _check(folder)
    assert "PHANTOM" not in str(caught.value)


@pytest.mark.parametrize("name", FORMATS)
def test_the_result_of_another_job_is_caught(folder: Path, name: str) -> None:
    _write(replace(RESULT, identity=replace(IDENTITY, job_id="job-8")), folder, (name,))
    with pytest.raises(IdentityMismatchError, match="not that of the job"):
        _check(folder)


def test_references_to_another_series_are_caught(folder: Path) -> None:
    def rtstruct(dataset: Dataset) -> None:
        study = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
        study.RTReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"

    _edit(folder / "rtstruct.dcm", rtstruct)
    with pytest.raises(IdentityMismatchError, match="another series"):
        _check(folder)
    _write(RESULT, folder)
    _edit(folder / "seg.dcm", lambda seg: setattr(seg.ReferencedSeriesSequence[0], "SeriesInstanceUID", "1.2.3"))
    with pytest.raises(IdentityMismatchError, match="another series"):
        _check(folder)


def test_a_frame_that_names_another_slice_is_caught(folder: Path) -> None:
    def change(seg: Dataset) -> None:
        source = seg.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
        source.ReferencedSOPInstanceUID = SERIES.instance_uids[0]

    _edit(folder / "seg.dcm", change)
    with pytest.raises(ReadBackMismatchError, match="names another image"):
        _check(folder)
