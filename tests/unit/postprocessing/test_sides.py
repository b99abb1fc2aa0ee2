"""Left, right, head and back judged by the anatomy that was drawn."""

import numpy as np
import pytest

from pedcontour.postprocessing import check_sides, find_organs, measure_body
from pedcontour.volume import Grid, LabelMap, Volume
from tests.unit.postprocessing.torso import torso


def warnings_after(matrix: np.ndarray, without: frozenset[str] = frozenset()) -> list[str]:
    """The warnings when the header claims the torso's axes were turned by ``matrix`` (3 x 3, LPS to LPS)."""
    image, labels = torso(without)
    affine = image.grid.affine.copy()
    affine[:3] = matrix @ affine[:3]
    grid = Grid(image.grid.shape, affine)
    labels = LabelMap(grid, labels.voxels, labels.organs)
    found = check_sides(find_organs(labels), measure_body(Volume(grid, image.voxels)))
    return [warning.split(":")[0] for warning in found]


def turned(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def test_usual_anatomy_gives_no_warning() -> None:
    assert warnings_after(np.eye(3)) == []


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_image_mirrored_along_any_axis_is_noticed(axis: int) -> None:
    mirror = np.eye(3)
    mirror[axis, axis] = -1.0
    assert "SIDES_MIRRORED" in warnings_after(mirror)


def test_a_mirrored_image_is_noticed_in_a_child_lying_on_the_side() -> None:
    assert "SIDES_MIRRORED" in warnings_after(turned(90) @ np.diag([-1.0, 1.0, 1.0]))


@pytest.mark.parametrize("degrees", [-90.0, 90.0, 180.0])
def test_a_child_lying_otherwise_than_the_header_says_is_not_taken_for_a_mirror_image(degrees: float) -> None:
    assert warnings_after(turned(degrees)) == ["BODY_ROLLED"]


@pytest.mark.parametrize("degrees", [-30.0, 30.0])
def test_a_slight_roll_is_nothing_to_warn_of(degrees: float) -> None:
    assert warnings_after(turned(degrees)) == []


def test_head_and_feet_exchanged_are_noticed_and_are_no_mirror_when_left_and_right_went_with_them() -> None:
    assert warnings_after(np.diag([-1.0, 1.0, -1.0])) == ["HEAD_FEET_REVERSED"]


def test_one_organ_on_the_wrong_side_is_named() -> None:
    image, labels = torso(frozenset({"spleen"}))
    voxels = labels.voxels.copy()
    voxels[30:50, 30:34, 12:16] = labels.label_of("spleen")
    found = check_sides(find_organs(LabelMap(labels.grid, voxels, labels.organs)), measure_body(image))
    assert len(found) == 1 and found[0].startswith("SIDE_UNUSUAL") and "Spleen" in found[0]


def test_without_a_spine_nothing_is_judged() -> None:
    assert warnings_after(np.diag([-1.0, 1.0, 1.0]), without=frozenset({"vertebrae", "spinal_cord"})) == []
