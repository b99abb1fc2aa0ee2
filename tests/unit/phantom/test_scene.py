"""A made-up child has every organ, in its place, of a size for its age."""

import numpy as np
import pytest
from scipy import ndimage

from pedcontour.organs import all_organs, default_labels
from pedcontour.phantom import BED_FILLINGS, ChildSpec, Scan, ScanSpec, scan_child, trunk_range_mm
from pedcontour.phantom.growth import size_at
from tests.unit.phantom.scans import CHILD, coarse_scan

AGES = (0.0, 1.0, 5.0, 10.0, 17.0)

MEASURED_ORGANS = {
    "liver": ("liver",),
    "spleen": ("spleen",),
    "kidney": ("kidney_left", "kidney_right"),
    "heart": ("heart",),
    "pancreas": ("pancreas",),
    "gallbladder": ("gallbladder",),
}

VOLUME_RATIO = (0.55, 1.5)
"""A child's organ against the usual volume at its age: three standard deviations, and the voxels of a coarse grid."""


def _of_age(age: float) -> Scan:
    fine = 2.5 if age < 3.0 else 4.0
    return coarse_scan(ChildSpec(seed=5, age_years=age), spacing_mm=(fine, fine), slice_spacing_mm=fine)


def _centroid(scan: Scan, organ: str) -> np.ndarray:
    mask = scan.truth.mask(organ)
    assert mask.any(), f"{organ} is missing"
    return scan.truth.grid.to_lps_mm(np.argwhere(mask)).mean(axis=0)


@pytest.mark.parametrize("age", AGES)
def test_a_whole_torso_shows_every_organ_at_every_age(age: float) -> None:
    scan = _of_age(age)
    assert scan.truth.organs == default_labels()
    missing = [organ for organ in all_organs() if not scan.truth.mask(organ).any()]
    assert missing == []


@pytest.mark.parametrize("age", AGES)
def test_organs_have_volumes_usual_for_the_age(age: float) -> None:
    scan = _of_age(age)
    usual = size_at(age).volumes_ml
    low, high = VOLUME_RATIO
    for kind, organs in MEASURED_ORGANS.items():
        for organ in organs:
            assert low < scan.truth.volume_ml(organ) / usual[kind] < high, organ


@pytest.mark.parametrize("organ", ["liver", "spleen", "kidney_left", "kidney_right", "heart", "lung_left", "vertebrae"])
def test_volumes_rise_with_age(organ: str) -> None:
    volumes = [_of_age(age).truth.volume_ml(organ) for age in AGES]
    assert volumes == sorted(volumes)


@pytest.mark.parametrize("age", AGES)
def test_organs_lie_on_their_side_and_in_their_order(age: float) -> None:
    scan = _of_age(age)
    spine = _centroid(scan, "vertebrae")[0]
    for organ in all_organs().values():
        if organ.lies is not None:
            away = _centroid(scan, organ.id)[0] - spine
            assert away > 0 if organ.lies == "left" else away < 0, organ.id
    for pair in ("kidney", "lung", "autochthon", "iliopsoas"):
        assert _centroid(scan, f"{pair}_left")[0] > _centroid(scan, f"{pair}_right")[0]
    assert _centroid(scan, "kidney_right")[2] < _centroid(scan, "kidney_left")[2]
    assert _centroid(scan, "heart")[2] > _centroid(scan, "liver")[2] > _centroid(scan, "iliopsoas_left")[2]
    assert _centroid(scan, "aorta_abdominal")[1] < _centroid(scan, "spinal_cord")[1]
    assert _centroid(scan, "aorta_abdominal")[0] > _centroid(scan, "inferior_vena_cava")[0]


def test_solid_organs_are_in_one_piece() -> None:
    truth = coarse_scan().truth
    for organ in ("liver", "spleen", "kidney_left", "kidney_right", "heart", "aorta_abdominal"):
        pieces, count = ndimage.label(truth.mask(organ), np.ones((3, 3, 3)))
        largest = np.bincount(pieces.ravel())[1:].max()
        assert largest >= 0.97 * np.count_nonzero(pieces), f"{organ}: {count} pieces"


def test_organs_look_as_in_a_ct() -> None:
    scan = coarse_scan(noise_hu=0.0)
    hu = {o: float(np.median(scan.image.voxels[scan.truth.mask(o)])) for o in all_organs()}
    assert scan.image.voxels.dtype == np.int16
    assert hu["lung_left"] < -600 < -500 < hu["stomach_bowel"] < 120
    assert hu["vertebrae"] > 150
    assert hu["kidney_left"] > hu["liver"] > hu["autochthon_left"] > 20
    assert hu["gallbladder"] < 40
    native = coarse_scan(ChildSpec(CHILD.seed, CHILD.age_years, contrast=False), noise_hu=0.0)
    blood = native.image.voxels[native.truth.mask("aorta_abdominal")]
    assert np.median(blood) < 70 < 100 < hu["aorta_abdominal"]


def test_contrast_changes_the_picture_but_not_the_anatomy() -> None:
    native = coarse_scan(ChildSpec(CHILD.seed, CHILD.age_years, contrast=False), noise_hu=0.0)
    enhanced = coarse_scan(noise_hu=0.0)
    np.testing.assert_array_equal(native.truth.voxels, enhanced.truth.voxels)


def test_the_same_seeds_give_the_same_bytes_and_others_do_not() -> None:
    child, scan = ChildSpec(3, 4.0), ScanSpec(spacing_mm=(6.0, 6.0), slice_spacing_mm=8.0, seed=1)
    first, again = scan_child(child, scan), scan_child(child, scan)
    assert first.image.voxels.tobytes() == again.image.voxels.tobytes()
    assert first.truth.voxels.tobytes() == again.truth.voxels.tobytes()
    other = scan_child(ChildSpec(4, 4.0), scan)
    assert other.image.voxels.tobytes() != first.image.voxels.tobytes()


def test_the_noise_seed_changes_only_the_image() -> None:
    first, second = coarse_scan(seed=1), coarse_scan(seed=2)
    np.testing.assert_array_equal(first.truth.voxels, second.truth.voxels)
    assert (first.image.voxels != second.image.voxels).mean() > 0.3


@pytest.mark.parametrize(("side", "filling"), [(s, f) for s, fillings in BED_FILLINGS.items() for f in fillings])
def test_a_removed_kidney_has_no_voxel_and_the_other_one_stays(side, filling) -> None:
    scan = coarse_scan(ChildSpec(CHILD.seed, CHILD.age_years, absent_kidney=side, bed_filling=filling))
    other = "right" if side == "left" else "left"
    assert not scan.truth.mask(f"kidney_{side}").any()
    assert scan.truth.volume_ml(f"kidney_{other}") > 30.0


@pytest.mark.parametrize(
    ("side", "filling", "organ"),
    [("left", "bowel", "stomach_bowel"), ("left", "spleen", "spleen"), ("right", "liver", "liver"),
     ("right", "bowel", "stomach_bowel"), ("left", "muscle", "iliopsoas_left")],
)  # fmt: skip
def test_what_moved_in_lies_where_the_kidney_was(side, filling, organ) -> None:
    kidney = coarse_scan().truth.mask(f"kidney_{side}")
    scan = coarse_scan(ChildSpec(CHILD.seed, CHILD.age_years, absent_kidney=side, bed_filling=filling))
    before = np.count_nonzero(coarse_scan().truth.mask(organ) & kidney)
    inside = np.count_nonzero(scan.truth.mask(organ) & kidney)
    assert before == 0
    if filling == "muscle":  # the psoas only grows thicker beside the bed
        assert scan.truth.volume_ml(organ) > coarse_scan().truth.volume_ml(organ)
    else:
        assert inside > 0.15 * np.count_nonzero(kidney)


def test_the_usual_range_reaches_from_the_chest_to_the_pelvis() -> None:
    low, high = trunk_range_mm(CHILD)
    z = coarse_scan().image.grid.to_lps_mm([[0, 0, 0], [coarse_scan().image.grid.shape[0] - 1, 0, 0]])[:, 2]
    assert low < -120 < 100 < high
    np.testing.assert_allclose(sorted(z), (low, high), atol=5.0)
