"""The two made-up hospitals differ as they are described, and their test patients are nobody's training cases."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from pedcontour.datasets.annotations import State
from pedcontour.datasets.hospitals import (
    HOSPITAL_A,
    HOSPITAL_B,
    HOSPITALS,
    MOST_PATIENTS,
    Hospital,
    annotation,
    held_out_child,
    training_child,
    training_torso,
)
from pedcontour.datasets.torso import TorsoTemplate, WarpSpec
from pedcontour.organs import all_organs, default_labels
from pedcontour.phantom import ChildSpec, Scan, ScanSpec
from pedcontour.volume import Grid, LabelMap, Volume

GRID = Grid((4, 5, 6), np.array([[0, 0, 3.0, 0], [0, 3.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]]))
EVERY_ORGAN = np.resize(np.arange(20, dtype=np.uint8), GRID.shape)


def tiny_scan(child: ChildSpec, scan: ScanSpec) -> Scan:
    """A picture with a few voxels of every organ."""
    truth = LabelMap(GRID, EVERY_ORGAN, default_labels())
    return Scan(Volume(GRID, np.zeros(GRID.shape, np.int16)), truth, scan.patient_position)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ChildSpec, ScanSpec]]:
    """Which children and scans the hospitals ask the phantom for."""
    told: list[tuple[ChildSpec, ScanSpec]] = []

    def noted(child: ChildSpec, scan: ScanSpec) -> Scan:
        told.append((child, scan))
        return tiny_scan(child, scan)

    monkeypatch.setattr("pedcontour.datasets.hospitals.scan_child", noted)
    return told


def in_ranges(values: Sequence[float], ranges: Sequence[tuple[float, float]]) -> bool:
    return all(any(low <= value <= high for low, high in ranges) for value in values)


@pytest.mark.parametrize("hospital", HOSPITALS, ids=lambda hospital: hospital.name)
def test_a_hospital_has_the_patients_and_the_scanner_that_it_says(
    hospital: Hospital, asked: list[tuple[ChildSpec, ScanSpec]]
) -> None:
    for number in range(300):
        training_child(hospital, number)
    children, scans = zip(*asked, strict=True)
    youngest, _, oldest = hospital.ages_years
    assert in_ranges([child.age_years for child in children], [(youngest, oldest)])
    assert np.mean([child.contrast for child in children]) == pytest.approx(hospital.contrast, abs=0.08)
    absent = np.mean([child.absent_kidney is not None for child in children])
    assert absent == pytest.approx(hospital.nephrectomy, abs=0.08)
    assert in_ranges([scan.roll_deg for scan in scans], hospital.rolls)
    assert {scan.kernel for scan in scans} == set(hospital.scanner.kernels)
    assert {scan.slice_spacing_mm for scan in scans} == set(hospital.scanner.slice_spacing_mm)
    assert in_ranges([scan.spacing_mm[0] for scan in scans], [hospital.scanner.in_plane_mm])
    assert in_ranges([scan.noise_hu for scan in scans], [hospital.scanner.noise_hu])


def test_at_the_first_hospital_half_lie_on_a_side(asked: list[tuple[ChildSpec, ScanSpec]]) -> None:
    for number in range(300):
        training_child(HOSPITAL_A, number)
    assert np.mean([scan.roll_deg <= -60 for _, scan in asked]) == pytest.approx(0.5, abs=0.08)


def test_every_organ_is_contoured_somewhere_and_those_evaluated_at_both() -> None:
    assert not HOSPITAL_A.unannotated & HOSPITAL_B.unannotated
    evaluated = {organ.id for organ in all_organs().values() if organ.evaluated}
    for hospital in HOSPITALS:
        assert hospital.unannotated and not hospital.unannotated & evaluated


def test_training_labels_hold_what_the_hospital_contours_and_test_labels_everything(
    asked: list[tuple[ChildSpec, ScanSpec]],
) -> None:
    contoured = training_child(HOSPITAL_A, 0).truth
    assert {organ for organ in all_organs() if not contoured.mask(organ).any()} == HOSPITAL_A.unannotated
    assert np.array_equal(held_out_child(HOSPITAL_A, 0).truth.voxels, EVERY_ORGAN)


def test_no_patient_is_trained_on_and_tested_or_at_two_hospitals(asked: list[tuple[ChildSpec, ScanSpec]]) -> None:
    for hospital in HOSPITALS:
        for make in (training_child, held_out_child):
            for number in (0, MOST_PATIENTS - 1):
                make(hospital, number)
            with pytest.raises(ValueError, match="numbered"):
                make(hospital, MOST_PATIENTS)
    spans = sorted((one[0].seed, other[0].seed) for one, other in zip(asked[::2], asked[1::2], strict=True))
    assert all(end < begin for (_, end), (begin, _) in pairwise(spans))


def test_test_patients_are_scanned_whole(asked: list[tuple[ChildSpec, ScanSpec]]) -> None:
    for number in range(40):
        training_child(HOSPITAL_B, number)
    assert any(scan.z_range_mm is not None for _, scan in asked)
    asked.clear()
    for number in range(40):
        held_out_child(HOSPITAL_B, number)
    assert all(scan.z_range_mm is None for _, scan in asked)


def test_a_variation_of_the_torso_is_a_patient_of_the_hospital(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, WarpSpec]] = []

    def noted(_: TorsoTemplate, seed: int, spec: WarpSpec) -> Scan:
        asked.append((seed, spec))
        return tiny_scan(ChildSpec(seed, 5.0), ScanSpec())

    monkeypatch.setattr("pedcontour.datasets.hospitals.warp_torso", noted)
    template = TorsoTemplate(Volume(GRID, np.zeros(GRID.shape, np.int16)), EVERY_ORGAN)
    for hospital in HOSPITALS:
        assert not training_torso(hospital, template, 3).truth.mask(min(hospital.unannotated)).any()
        seed, spec = asked[-1]
        assert seed == hospital.first_seed + 3
        assert (spec.rolls, spec.scale) == (hospital.rolls, hospital.torso_scale)
        assert (spec.nephrectomy_share, spec.noise_hu) == (hospital.nephrectomy, hospital.scanner.noise_hu)
        assert spec.plain_share == pytest.approx(1 - hospital.contrast)


def test_a_removed_kidney_is_absent_and_what_nobody_contours_is_unannotated() -> None:
    without_right = np.where(EVERY_ORGAN == 2, 0, EVERY_ORGAN)
    states = annotation(HOSPITAL_A, "case", without_right).states
    assert states["kidney_right"] is State.ABSENT
    assert states["kidney_left"] is State.ANNOTATED
    assert {organ for organ, state in states.items() if state is State.UNANNOTATED} == HOSPITAL_A.unannotated
