"""The canvas knows where design coordinates lie on a scanner's grid."""

import numpy as np
import pytest
from scipy import ndimage

from pedcontour.phantom.canvas import Canvas, Pose
from pedcontour.volume import Grid

SAME_POINT_MM = 0.8
"""The warp of the voxels is interpolated, that of single points is not (design mm)."""


def _canvas(roll_deg: float = 0.0) -> Canvas:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]]) * 3.0
    affine[:3, 3] = (-150.0, -150.0, -120.0)
    return Canvas(Grid((80, 100, 100), affine), Pose((0.6, 0.62, 0.65), roll_deg, (4.0, -6.0, 8.0)), seed=9)


@pytest.mark.parametrize("roll_deg", [0.0, 35.0, -90.0])
def test_body_places_and_design_coordinates_undo_each_other(roll_deg: float) -> None:
    canvas = _canvas(roll_deg)
    points = np.array([[0.0, 0.0, 0.0], [60.0, -40.0, 20.0], [-90.0, 30.0, -80.0]])
    body = canvas.body_mm(points)
    lps = body @ canvas.pose.rotation.T + canvas.pose.landmark_mm
    whole = canvas.whole()
    index = canvas.grid.to_index(lps).T
    found = [ndimage.map_coordinates(axis, index, order=1) for axis in (whole.x, whole.y, whole.z)]
    np.testing.assert_allclose(np.stack(found, axis=-1), points, atol=SAME_POINT_MM)


@pytest.mark.parametrize("roll_deg", [0.0, 35.0])
def test_a_patch_holds_all_voxels_of_its_design_box(roll_deg: float) -> None:
    canvas = _canvas(roll_deg)
    low, high = (-30.0, -50.0, -20.0), (40.0, 10.0, 60.0)
    whole = canvas.whole()
    inside = np.ones(whole.shape, dtype=bool)
    for axis, a, b in zip((whole.x, whole.y, whole.z), low, high, strict=True):
        inside &= (axis > a) & (axis < b)
    patch = canvas.patch(low, high)
    assert np.count_nonzero(inside[patch.box]) == np.count_nonzero(inside) > 0
    assert np.prod(patch.shape) < 0.5 * np.prod(whole.shape)


def test_a_patch_outside_the_grid_is_empty() -> None:
    assert 0 in _canvas().patch((0.0, 0.0, 900.0), (10.0, 10.0, 990.0)).shape


def test_painting_softens_edges_and_sets_labels_at_distance_zero() -> None:
    canvas = _canvas()
    whole = canvas.whole()
    distance = whole.x.copy()
    canvas.paint(whole, distance, 50.0, label=7)
    assert set(np.unique(canvas.labels)) == {0, 7}
    np.testing.assert_array_equal(canvas.labels == 7, distance < 0.0)
    rim = np.abs(distance) < 0.4 * canvas.edge_mm
    assert ((canvas.image > -1000.0) & (canvas.image < 50.0))[rim].all()
    canvas.paint(whole, distance + 10.0, 90.0)
    assert set(np.unique(canvas.labels)) == {0, 7}


def test_height_is_measured_against_gravity_in_real_mm() -> None:
    canvas = _canvas()
    height = canvas.whole().height_mm()  # supine: up is to the front, -y
    np.testing.assert_allclose(height[0, 1, 0] - height[0, 0, 0], -3.0, atol=1e-4)
    np.testing.assert_allclose(height[5, 0, 7], height[0, 0, 0], atol=1e-4)
