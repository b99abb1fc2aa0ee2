"""Kidneys out of the ordinary: each has its volume, its side, its look, and takes nobody's label."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from pedcontour.organs import Side
from pedcontour.phantom import (
    BED_FILLINGS,
    CONDITIONS,
    BedSpec,
    ChildSpec,
    KidneyCondition,
    KidneySpec,
    Scan,
    ScanSpec,
    kidney_range_mm,
    scan_child,
)
from tests.unit.phantom.scans import CHILD, coarse_scan

PAGE = (Path(__file__).parents[3] / "docs" / "phantoms.md").read_text("utf-8")
SIDES: tuple[Side, ...] = ("right", "left")
OTHER: dict[Side, Side] = {"right": "left", "left": "right"}

SHARE_OF_USUAL: dict[KidneyCondition, tuple[float, float]] = {
    "hypertrophic": (1.25, 1.9),
    "atrophic": (0.1, 0.45),
    "hydronephrotic": (0.35, 1.2),
    "duplex": (1.0, 1.45),
    "horseshoe": (0.75, 1.3),
    "pelvic": (0.45, 0.95),
    "partial": (0.3, 0.95),
    "tumour": (0.25, 0.9),
}
"""Parenchyma against the same child's usual kidney, over all degrees."""

VARIANTS = [(condition, side) for condition in SHARE_OF_USUAL for side in SIDES]


def child_with(condition: KidneyCondition, side: Side, degree: float = 0.5) -> ChildSpec:
    sides = SIDES if condition == "horseshoe" else (side,)
    return ChildSpec(CHILD.seed, CHILD.age_years, **{f"{each}_kidney": KidneySpec(condition, degree) for each in sides})


def scan_with(condition: KidneyCondition, side: Side) -> Scan:
    return coarse_scan(child_with(condition, side), noise_hu=0.0)


def centre_mm(scan: Scan, organ: str) -> np.ndarray:
    return scan.truth.grid.to_lps_mm(np.argwhere(scan.truth.mask(organ))).mean(axis=0)


@pytest.mark.parametrize(("condition", "side"), VARIANTS)
def test_a_variant_has_the_share_of_the_usual_volume_that_it_is_meant_to_have(condition, side) -> None:
    share = scan_with(condition, side).truth.volume_ml(f"kidney_{side}") / coarse_scan().truth.volume_ml(
        f"kidney_{side}"
    )
    low, high = SHARE_OF_USUAL[condition]
    assert low < share < high


@pytest.mark.parametrize(("condition", "side"), VARIANTS)
def test_left_stays_left_and_the_other_kidney_is_as_it_was(condition, side) -> None:
    scan, usual = scan_with(condition, side), coarse_scan()
    mask = scan.truth.mask(f"kidney_{side}")
    x = scan.truth.grid.to_lps_mm(np.argwhere(mask))[:, 0] - centre_mm(scan, "vertebrae")[0]
    beyond_midline = (x < -6.0) if side == "left" else (x > 6.0)
    assert beyond_midline.mean() < 0.02
    if condition != "horseshoe":
        other = f"kidney_{OTHER[side]}"
        changed = scan.truth.mask(other) ^ usual.truth.mask(other)
        assert np.count_nonzero(changed) <= 0.02 * np.count_nonzero(usual.truth.mask(other))


@pytest.mark.parametrize(("condition", "side"), VARIANTS)
def test_solid_organs_keep_their_volume_beside_a_variant(condition, side) -> None:
    scan, usual = scan_with(condition, side), coarse_scan()
    for organ, low in (("liver", 0.8), ("spleen", 0.75), ("lung_left", 0.97), ("lung_right", 0.97), ("heart", 0.99)):
        assert scan.truth.volume_ml(organ) > low * usual.truth.volume_ml(organ), organ
    for organ in ("vertebrae", "spinal_cord", "aorta_abdominal", "autochthon_left", "autochthon_right"):
        changed = scan.truth.mask(organ) ^ usual.truth.mask(organ)
        assert np.count_nonzero(changed) <= 0.01 * np.count_nonzero(usual.truth.mask(organ)), organ


@pytest.mark.parametrize(("condition", "side"), VARIANTS)
def test_parenchyma_enhances_as_kidney_does(condition, side) -> None:
    scan = scan_with(condition, side)
    core = ndimage.binary_erosion(scan.truth.mask(f"kidney_{side}"), np.ones((1, 3, 3)))
    mask = core if core.sum() > 20 else scan.truth.mask(f"kidney_{side}")
    assert 80 < np.median(scan.image.voxels[mask]) < 200


@pytest.mark.parametrize("condition", SHARE_OF_USUAL)
def test_a_variant_is_one_piece(condition) -> None:
    pieces, _ = ndimage.label(scan_with(condition, "left").truth.mask("kidney_left"), np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel())[1:]
    assert sizes.max() >= 0.95 * sizes.sum()


def test_a_horseshoe_is_joined_in_front_of_the_aorta() -> None:
    scan = scan_with("horseshoe", "left")
    both = scan.truth.mask("kidney_left") | scan.truth.mask("kidney_right")
    pieces, _ = ndimage.label(both, np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel())[1:]
    assert sizes.max() >= 0.97 * sizes.sum()
    points = scan.truth.grid.to_lps_mm(np.argwhere(both))
    bridge = points[np.abs(points[:, 0] - centre_mm(scan, "vertebrae")[0]) < 6.0]
    assert bridge[:, 1].mean() < centre_mm(scan, "aorta_abdominal")[1]


def test_a_pelvic_kidney_lies_far_below_the_usual_place() -> None:
    low, high = centre_mm(scan_with("pelvic", "right"), "kidney_right"), centre_mm(coarse_scan(), "kidney_right")
    assert low[2] < high[2] - 60.0


def test_a_partial_nephrectomy_takes_one_pole() -> None:
    whole, part = coarse_scan().truth, scan_with("partial", "left").truth
    heights = [np.ptp(np.nonzero(truth.mask("kidney_left"))[0]) for truth in (whole, part)]
    assert heights[1] < 0.8 * heights[0]
    assert not (part.mask("kidney_left") & ~whole.mask("kidney_left")).any()


def test_a_hydronephrotic_kidney_is_a_rim_around_urine() -> None:
    scan = scan_with("hydronephrotic", "left")
    core = _around(scan, centre_mm(coarse_scan(), "kidney_left"))
    assert -20 < np.median(scan.image.voxels[core]) < 40
    assert scan.truth.mask("kidney_left")[core].mean() < 0.2


def _around(scan: Scan, lps_mm: np.ndarray) -> tuple[slice, ...]:
    """A box of five voxels a side around a point."""
    return tuple(slice(max(0, n - 2), n + 3) for n in scan.truth.grid.to_index(lps_mm).round().astype(int))


def test_a_tumour_is_soft_tissue_that_no_label_claims() -> None:
    scan = scan_with("tumour", "left")
    box = _around(scan, np.add(centre_mm(scan, "kidney_left"), (0.0, -24.0, -14.0)))
    assert not scan.truth.voxels[box].any()
    assert 0 < np.median(scan.image.voxels[box]) < 110


@pytest.mark.parametrize("condition", ["hypertrophic", "atrophic", "partial", "pelvic"])
def test_degree_moves_the_volume_one_way(condition) -> None:
    volumes = [
        coarse_scan(child_with(condition, "left", degree)).truth.volume_ml("kidney_left") for degree in (0.0, 1.0)
    ]
    assert volumes == sorted(volumes, reverse=condition != "hypertrophic")


def test_the_same_seed_gives_the_same_variant() -> None:
    child, scan = child_with("tumour", "right"), ScanSpec(spacing_mm=(6.0, 6.0), slice_spacing_mm=8.0)
    first, again = scan_child(child, scan), scan_child(child, scan)
    assert first.image.voxels.tobytes() == again.image.voxels.tobytes()
    assert first.truth.voxels.tobytes() == again.truth.voxels.tobytes()


@pytest.mark.parametrize(("side", "filling", "hu"), [("left", "fat", (-130, -40)), ("right", "fluid", (-10, 30))])
def test_a_bed_of_fat_or_fluid_looks_like_it_and_is_nobodys(side, filling, hu) -> None:
    usual = coarse_scan().truth.mask(f"kidney_{side}")
    child = ChildSpec(CHILD.seed, CHILD.age_years, absent_kidney=side, bed_filling=filling, bed=BedSpec(clips=0))
    scan = coarse_scan(child, noise_hu=0.0)
    core = ndimage.binary_erosion(usual, iterations=2)
    assert not scan.truth.mask(f"kidney_{side}").any()
    assert (scan.truth.voxels[core] == 0).mean() > 0.6
    assert hu[0] < np.median(scan.image.voxels[core & (scan.truth.voxels == 0)]) < hu[1]


def test_what_surgery_left_changes_the_picture_and_no_label() -> None:
    def bed(spec: BedSpec) -> Scan:
        child = ChildSpec(CHILD.seed, CHILD.age_years, absent_kidney="left", bed_filling="fat", bed=spec)
        return coarse_scan(child, noise_hu=0.0)

    bare, nodule = bed(BedSpec(clips=0)), bed(BedSpec(clips=0, nodule=0.6))
    clips, streaks = bed(BedSpec(clips=5)), bed(BedSpec(clips=5, streaks=True))
    for scan in (nodule, clips, streaks):
        np.testing.assert_array_equal(scan.truth.voxels, bare.truth.voxels)
    lump = (nodule.image.voxels > 20) & (bare.image.voxels < -20)
    assert np.count_nonzero(lump) * bare.image.grid.voxel_volume_ml > 1.0
    assert (clips.image.voxels.astype(int) - bare.image.voxels).max() > 150
    rays = streaks.image.voxels.astype(int) - clips.image.voxels
    assert rays.max() > 25 and rays.min() < -25


def test_a_scan_can_end_on_a_kidney() -> None:
    low, high = kidney_range_mm(CHILD, "left")
    whole = coarse_scan().truth.volume_ml("kidney_left")
    half = coarse_scan(z_range_mm=((low + high) / 2, high + 60.0)).truth
    assert 0.25 * whole < half.volume_ml("kidney_left") < 0.75 * whole
    assert half.mask("kidney_left")[0].any()
    full = coarse_scan(z_range_mm=(low - 15.0, high + 15.0)).truth.volume_ml("kidney_left")
    assert full > 0.95 * whole


@pytest.mark.parametrize(
    "wishes",
    [
        {"absent_kidney": "left", "left_kidney": KidneySpec("atrophic")},
        {"left_kidney": KidneySpec("horseshoe")},
    ],
)
def test_kidneys_that_contradict_themselves_are_refused(wishes) -> None:
    with pytest.raises(ValueError, match=r"kidney|horseshoe"):
        ChildSpec(seed=1, age_years=5.0, **wishes)


@pytest.mark.parametrize("made", [lambda: KidneySpec("partial", 1.5), lambda: BedSpec(nodule=2.0),
                                  lambda: BedSpec(clips=-1)])  # fmt: skip
def test_degrees_and_counts_out_of_range_are_refused(made) -> None:
    with pytest.raises(ValueError, match="must be 0 to"):
        made()


def test_the_page_describes_every_condition_and_filling() -> None:
    fillings = {filling for each in BED_FILLINGS.values() for filling in each}
    assert all(f"| `{name}` |" in PAGE for name in (*CONDITIONS, *sorted(fillings)))
