"""A made-up hospital's data set says what is annotated in it, goes on where it stopped, and is pooled without loss."""

import json
from pathlib import Path

import numpy as np
import pytest

from pedcontour.datasets.annotations import State, read_annotations
from pedcontour.datasets.case import TrainingCase
from pedcontour.datasets.hospitals import HOSPITAL_A, HOSPITAL_B, HOSPITALS, Hospital
from pedcontour.federation.nnunet.dataset import open_dataset
from pedcontour.organs import all_organs, default_labels
from pedcontour.training.hospitals import Patients, pool, write_hospital
from pedcontour.volume import Grid, LabelMap, Volume

GRID = Grid((4, 5, 6), np.array([[0, 0, 3.0, 0], [0, 3.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]]))


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Children of a few voxels, of whom the second has no right kidney; who was made."""
    told: list[str] = []

    def tiny(hospital: Hospital, number: int) -> TrainingCase:
        told.append(f"{hospital.name} {number}")
        voxels = np.resize(np.arange(20, dtype=np.uint8), GRID.shape)
        hidden = [label for label, organ in default_labels().items() if organ in hospital.unannotated]
        gone = [*hidden, 2] if number == 1 else hidden
        truth = LabelMap(GRID, np.where(np.isin(voxels, gone), 0, voxels).astype(np.uint8), default_labels())
        return TrainingCase("child", Volume(GRID, np.full(GRID.shape, number, np.int16)), truth)

    monkeypatch.setattr("pedcontour.training.hospitals.training_child", tiny)
    return told


def test_a_data_set_tells_absent_organs_from_those_that_nobody_contours(tmp_path: Path) -> None:
    assert write_hospital(tmp_path, HOSPITAL_B, Patients(2)) == 2
    told = read_annotations(tmp_path)
    assert told.site == HOSPITAL_B.name
    first, second = told.cases.values()
    assert set(first.in_state(State.UNANNOTATED)) == HOSPITAL_B.unannotated == set(second.in_state(State.UNANNOTATED))
    assert (first.states["kidney_right"], second.states["kidney_right"]) == (State.ANNOTATED, State.ABSENT)


def test_cases_on_disk_are_not_made_again(tmp_path: Path, made: list[str]) -> None:
    write_hospital(tmp_path, HOSPITAL_A, Patients(1))
    write_hospital(tmp_path, HOSPITAL_A, Patients(3))
    assert made == ["hospital-a 0", "hospital-a 1", "hospital-a 2"]
    assert len(read_annotations(tmp_path).cases) == 3


def test_the_pooled_data_set_is_that_of_both_hospitals(tmp_path: Path) -> None:
    parts = [tmp_path / hospital.name for hospital in HOSPITALS]
    for part, hospital in zip(parts, HOSPITALS, strict=True):
        write_hospital(part, hospital, Patients(2))
    together = tmp_path / "pooled"
    assert pool(together, parts, "pooled") == pool(together, parts, "pooled") == 4
    assert json.loads((together / "dataset.json").read_text())["numTraining"] == 4
    pooled, organs = open_dataset(together, tuple(all_organs())), len(all_organs())
    counts = [open_dataset(part, tuple(all_organs())).annotated_cases(organs) for part in parts]
    assert pooled.annotated_cases(organs) == tuple(map(sum, zip(*counts, strict=True)))
    assert len(pooled.cases) == 4
