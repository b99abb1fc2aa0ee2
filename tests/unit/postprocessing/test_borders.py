"""How much of an organ lies in parts that a border of the images cuts."""

import numpy as np
import pytest

from pedcontour.postprocessing.borders import CUT_SHARE, SCRAP_ML, share_at_border
from pedcontour.volume import Grid, LabelMap

INSIDE = (slice(5, 9), slice(5, 9), slice(5, 9))


def label_map(*boxes: tuple[slice, slice, slice]) -> LabelMap:
    voxels = np.zeros((12, 12, 12), np.uint8)
    for box in boxes:
        voxels[box] = 2
    return LabelMap(Grid((12, 12, 12), np.eye(4)), voxels, {1: "liver", 2: "kidney_left"})


def test_an_organ_inside_the_images_has_nothing_at_a_border() -> None:
    assert share_at_border(label_map(INSIDE), "kidney_left") == 0.0


def test_an_organ_without_a_voxel_has_nothing_at_a_border() -> None:
    assert share_at_border(label_map(INSIDE), "liver") == 0.0


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("end", [slice(0, 4), slice(8, 12)])
def test_the_whole_of_a_part_that_reaches_any_border_counts(axis: int, end: slice) -> None:
    box = [slice(5, 9)] * 3
    box[axis] = end
    assert share_at_border(label_map((box[0], box[1], box[2])), "kidney_left") == 1.0


def test_a_stray_voxel_at_a_border_counts_for_itself_alone() -> None:
    stray = (slice(0, 1), slice(0, 1), slice(0, 1))
    share = share_at_border(label_map(INSIDE, stray), "kidney_left")
    assert share == pytest.approx(1 / 65) and share < CUT_SHARE


def test_a_scrap_is_no_more_than_a_cube_of_six_millimetres() -> None:
    assert SCRAP_ML * 1000 <= 6**3
