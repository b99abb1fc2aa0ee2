"""A kidney painted out of a CT leaves fat and bowel in its place, and nothing else changed."""

import numpy as np
import pytest

from benchmarks.painted_out import REACH_MM, paint_out
from pedcontour.volume import LabelMap, Volume
from tests.unit.postprocessing.torso import torso

BARE, LABELS = torso()
KIDNEY = LABELS.mask("kidney_left")


def ct() -> Volume:
    """The torso with fat between its organs, bright kidneys, and a noisy liver and bowel."""
    rng = np.random.default_rng(1)
    hu = np.where((BARE.voxels > -500) & (LABELS.voxels == 0), -100, BARE.voxels).astype(np.float32)
    for organ, mean in (("kidney_left", 150.0), ("kidney_right", 150.0), ("liver", 60.0), ("stomach_bowel", 30.0)):
        hu[LABELS.mask(organ)] = mean
    return Volume(BARE.grid, hu + rng.normal(0.0, 10.0, hu.shape).astype(np.float32))


def test_fat_and_bowel_with_the_scanners_noise_take_its_place() -> None:
    before = ct()
    after = paint_out(before, LABELS, "kidney_left").voxels[KIDNEY]
    assert after.max() < 100.0
    fat = after[after < -50.0]
    assert fat.mean() == pytest.approx(-100.0, abs=3.0) and fat.std() == pytest.approx(10.0, rel=0.4)
    assert (after > 0.0).any()


def test_nothing_changes_far_from_the_kidney_nor_in_another_organ() -> None:
    before = ct()
    changed = paint_out(before, LABELS, "kidney_left").voxels != before.voxels
    assert not changed[(LABELS.voxels > 0) & ~KIDNEY].any()
    assert np.nonzero(changed)[0].min() >= np.nonzero(KIDNEY)[0].min() - REACH_MM / 4.0 and changed[KIDNEY].all()


@pytest.mark.parametrize("missing", ["kidney_left", "liver"])
def test_what_is_needed_and_not_drawn_is_told(missing: str) -> None:
    labels = LabelMap(LABELS.grid, np.where(LABELS.mask(missing), 0, LABELS.voxels).astype(np.uint8), LABELS.organs)
    with pytest.raises(ValueError, match=missing.split("_", maxsplit=1)[0]):
        paint_out(ct(), labels, "kidney_left")
