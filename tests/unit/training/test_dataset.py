"""Training cases reach nnU-Net on disk as they were made, and a stopped run goes on."""

import json
from pathlib import Path

import numpy as np
import pytest

from pedcontour.datasets.case import TrainingCase
from pedcontour.datasets.nifti import read_nifti, write_nifti
from pedcontour.organs import default_labels
from pedcontour.orientation import AxisChange
from pedcontour.training.dataset import write_raw_dataset
from pedcontour.volume import Grid, LabelMap, Volume

# Head first prone, slices from head to feet: nothing about it is canonical.
PRONE = Grid((5, 6, 7), np.array([[0, 0, -2.0, 30], [0, -3.0, 0, 20], [-4.0, 0, 0, 900], [0, 0, 0, 1]]))


def _case(name: str) -> TrainingCase:
    rng = np.random.default_rng(len(name))
    image = Volume(PRONE, rng.integers(-1000, 1000, PRONE.shape).astype(np.int16))
    truth = LabelMap(PRONE, rng.integers(0, 20, PRONE.shape).astype(np.uint8), default_labels())
    return TrainingCase(name, image, truth)


def test_a_volume_comes_back_from_nifti_in_its_place(tmp_path: Path) -> None:
    image = _case("a").image
    write_nifti(image, tmp_path / "a.nii.gz")
    back = read_nifti(tmp_path / "a.nii.gz")
    assert back.grid.same_place(image.grid)
    assert np.array_equal(back.voxels, image.voxels)


def test_cases_are_written_in_the_canonical_orientation(tmp_path: Path) -> None:
    write_raw_dataset(tmp_path, [("a", lambda: _case("a"))])
    image, labels = read_nifti(tmp_path / "imagesTr/a_0000.nii.gz"), read_nifti(tmp_path / "labelsTr/a.nii.gz")
    change = AxisChange.to_canonical(PRONE)
    assert change != AxisChange((0, 1, 2), (False, False, False))
    assert image.grid.same_place(change.grid(PRONE))
    assert np.array_equal(labels.voxels, change.array(_case("a").truth.voxels))


def test_cases_already_there_are_not_made_again(tmp_path: Path) -> None:
    write_raw_dataset(tmp_path, [("a", lambda: _case("a"))])

    def must_not_run() -> TrainingCase:
        pytest.fail("the case was made twice")

    assert write_raw_dataset(tmp_path, [("a", must_not_run), ("b", lambda: _case("b"))]) == 2
    assert json.loads((tmp_path / "dataset.json").read_text())["numTraining"] == 2


def test_the_label_names_are_the_organs(tmp_path: Path) -> None:
    write_raw_dataset(tmp_path, [("a", lambda: _case("a"))])
    labels = json.loads((tmp_path / "dataset.json").read_text())["labels"]
    assert labels["background"] == 0
    assert {number: name for name, number in labels.items() if number} == default_labels()
