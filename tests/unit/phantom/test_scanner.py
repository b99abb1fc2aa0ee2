"""Every patient position, spacing and cut shows the same child in the same place, on the grid a scanner would write."""

import numpy as np
import pytest

from pedcontour.phantom import ChildSpec, Scan, ScanSpec, scan_child
from pedcontour.phantom.scanner import DIRECTIONS
from tests.unit.phantom.scans import CHILD, coarse_scan

POSITIONS = tuple(DIRECTIONS)

SAME_PLACE_MM = 3.0
"""Half a voxel of the coarse grid and a little: organs are sampled at other points in every position."""

LOW = (-200.0, -150.0)
SHORT = (0.0, 10.0)
"""Levels of stacks that are made in a moment: at the hips, at L1."""

COARSELY_SAMPLED = {"gallbladder", "esophagus", "spinal_cord"}
"""Thin organs whose few coarse voxels say little about their centroid."""


def _centroids(scan: Scan) -> dict[str, np.ndarray]:
    places = {}
    for organ in scan.truth.organs.values():
        mask = scan.truth.mask(organ)
        if mask.any():
            places[organ] = scan.truth.grid.to_lps_mm(np.argwhere(mask)).mean(axis=0)
    return places


def _assert_same_places(scan: Scan, expected: dict[str, np.ndarray]) -> None:
    found = _centroids(scan)
    assert found.keys() == expected.keys()
    for organ, place in expected.items():
        if organ not in COARSELY_SAMPLED:
            assert np.abs(found[organ] - place).max() < SAME_PLACE_MM, organ


@pytest.mark.parametrize("position", POSITIONS)
def test_each_position_puts_every_organ_at_the_same_point_of_the_patient(position) -> None:
    _assert_same_places(coarse_scan(patient_position=position), _centroids(coarse_scan()))


@pytest.mark.parametrize(
    ("position", "rows", "columns"),
    [
        ("HFS", (1, 0, 0), (0, 1, 0)),
        ("HFP", (-1, 0, 0), (0, -1, 0)),
        ("HFDL", (0, -1, 0), (1, 0, 0)),
        ("HFDR", (0, 1, 0), (-1, 0, 0)),
        ("FFS", (-1, 0, 0), (0, 1, 0)),
        ("FFP", (1, 0, 0), (0, -1, 0)),
    ],
)
def test_image_orientation_is_the_one_that_scanners_write(position, rows, columns) -> None:
    directions = coarse_scan(patient_position=position).image.grid.directions
    np.testing.assert_allclose(directions[:, 2], rows, atol=1e-12)
    np.testing.assert_allclose(directions[:, 1], columns, atol=1e-12)


@pytest.mark.parametrize("position", POSITIONS)
def test_ascending_slices_follow_the_normal_and_descending_ones_oppose_it(position) -> None:
    for descending in (False, True):
        scan = coarse_scan(patient_position=position, descending=descending, z_range_mm=SHORT)
        d = scan.image.grid.directions
        along = float(np.cross(d[:, 2], d[:, 1]) @ d[:, 0])
        assert along == pytest.approx(-1.0 if descending else 1.0)


def test_feet_first_can_be_stored_as_the_patient_sees_it() -> None:
    scan = coarse_scan(patient_position="FFS", rows_follow="patient")
    directions = scan.image.grid.directions
    np.testing.assert_allclose(directions[:, 2], (1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(directions[:, 0], (0, 0, -1), atol=1e-12)
    _assert_same_places(scan, _centroids(coarse_scan()))


def test_descending_slices_show_the_same_child() -> None:
    _assert_same_places(coarse_scan(descending=True), _centroids(coarse_scan()))


def test_roll_turns_the_child_about_the_body_axis_without_the_header_knowing() -> None:
    rolled = coarse_scan(roll_deg=90.0)
    np.testing.assert_allclose(rolled.image.grid.directions, coarse_scan().image.grid.directions, atol=1e-12)
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # the patient's left goes to the back
    _assert_same_places(rolled, {organ: turn @ place for organ, place in _centroids(coarse_scan()).items()})


def test_the_landmark_moves_the_whole_child() -> None:
    shift = (12.0, -310.5, 845.0)
    moved = coarse_scan(landmark_mm=shift)
    _assert_same_places(moved, {organ: place + shift for organ, place in _centroids(coarse_scan()).items()})


def test_spacing_and_matrix_may_differ_along_rows_and_columns() -> None:
    scan = coarse_scan(spacing_mm=(3.0, 5.0), matrix=(90, 64), slice_spacing_mm=4.0)
    assert scan.image.grid.shape[1:] == (90, 64)
    assert scan.image.grid.spacing_mm == pytest.approx((4.0, 3.0, 5.0))
    _assert_same_places(scan, _centroids(coarse_scan()))


def test_a_short_stack_holds_only_its_own_levels_and_shows_them_alike() -> None:
    cut = coarse_scan(z_range_mm=(-30.0, 20.0))
    z = cut.image.grid.to_lps_mm([[0, 0, 0], [cut.image.grid.shape[0] - 1, 0, 0]])[:, 2]
    np.testing.assert_allclose(z, (-30.0, 20.0))
    assert cut.truth.mask("kidney_right").any()
    assert not cut.truth.mask("heart").any()
    whole = coarse_scan(z_range_mm=(-80.0, 70.0))
    same = whole.truth.voxels[10 : 10 + cut.truth.voxels.shape[0]]
    assert (same == cut.truth.voxels).mean() > 0.99


def test_the_field_of_view_can_be_too_small_or_off_centre() -> None:
    small = coarse_scan(matrix=(30, 30))
    body = small.image.voxels[:, 0, 15] > -300
    assert body.any()
    shifted = coarse_scan(centre_offset_mm=(20.0, 0.0))
    step = shifted.image.grid.affine[:3, 3] - coarse_scan().image.grid.affine[:3, 3]
    np.testing.assert_allclose(step, (20.0, 0.0, 0.0), atol=1e-9)


def test_padding_fills_what_lies_outside_the_circle() -> None:
    scan = coarse_scan(padding_hu=-2000)
    assert (scan.image.voxels[:, 0, 0] == -2000).all()
    _, rows, columns = scan.image.grid.shape
    assert (scan.image.voxels[:, rows // 2, columns // 2] > -1100).all()


@pytest.mark.parametrize("position", ["HFS", "HFP", "HFDR", "FFDL"])
def test_the_couch_lies_below_the_body_towards_gravity(position) -> None:
    with_couch = coarse_scan(patient_position=position, noise_hu=0.0, z_range_mm=LOW)
    voxels = with_couch.image.voxels
    bare = coarse_scan(patient_position=position, noise_hu=0.0, z_range_mm=LOW, couch=False, matrix=voxels.shape[1:])
    assert voxels[:, -6:].max() > -930  # rows run down to the couch
    assert voxels[:, :2].max() < -990
    assert bare.image.voxels[:, -2:].max() < -990


def test_gas_rises_against_gravity() -> None:
    def gas_height(position: str) -> float:
        scan = coarse_scan(patient_position=position, noise_hu=0.0, spacing_mm=(2.5, 2.5))
        gas = scan.truth.mask("stomach_bowel") & (scan.image.voxels < -500)
        return float(scan.truth.grid.to_lps_mm(np.argwhere(gas))[:, 1].mean())

    assert gas_height("HFS") < gas_height("HFP") - 5.0


def test_noise_has_the_asked_for_size_and_grows_with_the_body() -> None:
    def noise(age: float, wanted: float) -> float:
        child = ChildSpec(2, age)
        spec = {"spacing_mm": (3.0, 3.0), "slice_spacing_mm": 8.0, "z_range_mm": (-40.0, 24.0)}
        noisy = scan_child(child, ScanSpec(noise_hu=wanted, **spec))
        clean = scan_child(child, ScanSpec(noise_hu=0.0, **spec))
        difference = (noisy.image.voxels - clean.image.voxels)[noisy.truth.mask("liver")]
        return float(difference.std())

    assert noise(6.0, 0.0) == 0.0
    small, large = noise(1.0, 12.0), noise(17.0, 12.0)
    assert small < large
    assert 3.0 < small < 14.0
    assert 9.0 < large < 37.0


def test_a_sharp_kernel_keeps_more_detail_than_a_smooth_one() -> None:
    def roughness(kernel: str) -> float:
        voxels = coarse_scan(kernel=kernel, spacing_mm=(1.0, 1.0), z_range_mm=(-10.0, 0.0)).image.voxels
        return float(np.abs(np.diff(voxels.astype(np.float32), axis=2)).mean())

    assert roughness("sharp") > roughness("standard") > roughness("smooth")


def test_the_image_and_the_truth_lie_on_one_grid() -> None:
    scan = coarse_scan(CHILD)
    assert scan.image.grid is scan.truth.grid
    assert scan.patient_position == "HFS"
