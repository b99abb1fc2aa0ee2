"""`pedcontour phantom`: a CT that can be read, with the truth on the same grid."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from pedcontour.dicom.reader import read_series
from tests.unit.cli.conftest import Program

COARSE = ("--spacing", "5", "--slice-spacing", "10", "--age", "2")


@pytest.mark.parametrize(
    "extra", [(), ("--descending",), ("--position", "FFP"), ("--position", "HFDL", "--descending")]
)
def test_the_truth_lies_on_the_grid_of_the_ct(program: Program, tmp_path: Path, extra: tuple[str, ...]) -> None:
    written = program.json("phantom", "--out", tmp_path / "child", *COARSE, *extra)
    series = read_series(sorted((tmp_path / "child" / "ct").iterdir())).series
    truth = np.load(tmp_path / "child" / "truth.npz")
    assert written["slices"] == len(series.headers)
    assert truth["labels"].shape == series.volume.grid.shape
    assert truth["affine"] == pytest.approx(series.volume.grid.affine, abs=1e-3)
    names = dict(entry.split(" ", 1) for entry in truth["organs"])
    label = {organ: int(number) for number, organ in names.items()}
    hu = series.volume.voxels
    assert hu[truth["labels"] == label["lung_left"]].mean() < -500  # the truth shows lung where the CT is lung
    assert hu[truth["labels"] == label["vertebrae"]].mean() > 100
    rtstruct = pydicom.dcmread(tmp_path / "child" / "truth-rtstruct.dcm")
    assert "Kidney_L" in {roi.ROIName for roi in rtstruct.StructureSetROISequence}


def test_a_removed_kidney_is_missing_from_the_truth(program: Program, tmp_path: Path) -> None:
    program.json("phantom", "-o", tmp_path / "child", *COARSE, "--absent-kidney", "left", "--bed-filling", "spleen")
    rtstruct = pydicom.dcmread(tmp_path / "child" / "truth-rtstruct.dcm")
    names = {roi.ROIName for roi in rtstruct.StructureSetROISequence}
    assert "Kidney_R" in names and "Kidney_L" not in names


def test_the_truth_says_that_it_is_one_and_that_no_network_drew_it(program: Program, tmp_path: Path) -> None:
    program.json("phantom", "-o", tmp_path / "child", *COARSE)
    rtstruct = pydicom.dcmread(tmp_path / "child" / "truth-rtstruct.dcm")
    assert rtstruct.StructureSetLabel == "Synthetic truth"
    assert rtstruct.SeriesDescription == "Synthetic truth of a phantom"
    words = str(rtstruct)
    assert "not drawn by a neural network" in words and "Not for clinical use" in words
    for claim in (
        "AI-generated",
        "AI not reviewed",
        "Drawn by an artificial neural network",
        "Artificial Intelligence",
    ):
        assert claim not in words


def test_settings_that_do_not_go_together_are_refused(program: Program, tmp_path: Path) -> None:
    result = program("phantom", "-o", tmp_path / "c", "--absent-kidney", "left", "--bed-filling", "liver")
    assert result.exit_code == 2 and "REQUEST_INVALID" in result.stderr
    assert not (tmp_path / "c").exists()


def test_a_folder_that_holds_anything_is_refused(program: Program, tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("mine")
    assert program("phantom", "-o", tmp_path, *COARSE).exit_code == 2
