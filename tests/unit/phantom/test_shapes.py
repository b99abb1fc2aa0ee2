"""Signed distances: zero on the surface, negative inside, right in size."""

import numpy as np
import pytest

from pedcontour.phantom.canvas import Canvas, Patch, Pose
from pedcontour.phantom.shapes import (
    Curve,
    Ellipsoid,
    difference,
    intersection,
    rods_of,
    rotation_deg,
    segments,
    smooth_line,
    tube,
    union,
)
from pedcontour.volume import Grid


@pytest.fixture(scope="module")
def patch() -> Patch:
    """A cube of 80 mm about the origin at 1 mm, in design coordinates without the warp."""
    affine = np.eye(4)
    affine[:3, :3] = [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    affine[:3, 3] = -40.0
    canvas = Canvas(Grid((81, 81, 81), affine), Pose((1.0, 1.0, 1.0)), seed=0)
    axis = np.arange(-40.0, 41.0, dtype=np.float32)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return Patch(canvas, (slice(0, 81),) * 3, x, y, z)


def test_an_ellipsoid_has_its_volume_however_it_is_turned(patch: Patch) -> None:
    for turn in ((0.0, 0.0, 0.0), (30.0, -20.0, 50.0)):
        inside = Ellipsoid((2.0, -1.0, 3.0), (12.0, 18.0, 25.0), turn).distance(patch) < 0.0
        assert np.count_nonzero(inside) == pytest.approx(4.0 / 3.0 * np.pi * 12 * 18 * 25, rel=0.01)


def test_a_sphere_measures_true_distances(patch: Patch) -> None:
    distance = Ellipsoid((0.0, 0.0, 0.0), (20.0, 20.0, 20.0)).distance(patch)
    truth = np.sqrt(patch.x**2 + patch.y**2 + patch.z**2) - 20.0
    near = np.abs(truth) < 10.0
    np.testing.assert_allclose(distance[near], truth[near], atol=1e-3)


def test_set_operations_agree_with_those_of_masks_away_from_the_seam(patch: Patch) -> None:
    a = Ellipsoid((-8.0, 0.0, 0.0), (15.0, 15.0, 15.0)).distance(patch)
    b = Ellipsoid((8.0, 0.0, 0.0), (15.0, 15.0, 15.0)).distance(patch)
    clear = np.abs(a - b) > 4.0
    for made, wanted in (
        (union(a, b, 2.0), (a < 0) | (b < 0)),
        (intersection(a, b, 2.0), (a < 0) & (b < 0)),
    ):
        np.testing.assert_array_equal((made < 0)[clear], wanted[clear])
    apart = (np.abs(a + b) > 4.0) & (np.abs(a) > 0.5) & (np.abs(b) > 0.5)
    np.testing.assert_array_equal((difference(a, b, 2.0) < 0)[apart], ((a < 0) & (b >= 0))[apart])


def test_rods_measure_the_distance_to_the_nearest_and_how_far_along(patch: Patch) -> None:
    bent = patch.canvas.whole()  # rods look for their voxels where the canvas has bent them to
    rods = rods_of([[-20.0, 0.0, 0.0, 5.0], [0.0, 0.0, 0.0, 5.0], [0.0, 20.0, 0.0, 5.0]])
    distance, along = segments(bent, rods)
    x, y = np.clip(bent.x, -20.0, 0.0), np.clip(bent.y, 0.0, 20.0)
    first = np.sqrt((bent.x - x) ** 2 + bent.y**2 + bent.z**2) - 5.0
    second = np.sqrt(bent.x**2 + (bent.y - y) ** 2 + bent.z**2) - 5.0
    near = np.minimum(first, second) < 2.0
    np.testing.assert_allclose(distance[near], np.minimum(first, second)[near], atol=1e-3)
    on_first = near & (first < second - 0.1)
    np.testing.assert_allclose(along[on_first], ((x + 20.0) / 20.0)[on_first], atol=1e-3)


def test_a_tube_is_the_rods_of_its_polyline(patch: Patch) -> None:
    line = np.array([[-20.0, 0.0, 0.0], [0.0, 5.0, 0.0], [10.0, 20.0, 5.0]])
    rods = rods_of(np.column_stack([line, [4.0] * 3]))
    bent = patch.canvas.whole()
    np.testing.assert_array_equal(tube(bent, line, 4.0)[0], segments(bent, rods)[0])


def test_a_curve_interpolates_and_stays_flat_beyond_its_ends() -> None:
    curve = Curve((-10.0, 0.0, 20.0), (1.0, 3.0, -1.0))
    levels = np.array([-50.0, -10.0, -5.0, 0.0, 10.0, 20.0, 90.0], dtype=np.float32)
    np.testing.assert_allclose(curve.over(levels), [1.0, 1.0, 2.0, 3.0, 1.0, -1.0, -1.0], atol=0.06)
    assert curve.shifted(2.0).at(0.0) == 5.0


def test_a_smooth_line_passes_through_its_knots() -> None:
    knots = np.array([[0.0, 0.0], [3.0, 1.0], [5.0, 7.0], [6.0, 2.0]])
    np.testing.assert_allclose(smooth_line(knots, 4)[::4], knots)


def test_rotations_are_right_handed() -> None:
    np.testing.assert_allclose(rotation_deg(about_z=90.0) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(rotation_deg(about_x=90.0) @ [0, 1, 0], [0, 0, 1], atol=1e-12)
