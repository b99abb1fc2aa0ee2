"""Interpolation between grids keeps points of patient space where they are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.orientation import AxisChange
from pedcontour.resampling import index_map, resample_labels_to, resample_to
from pedcontour.volume import Grid, LabelMap, Volume


def _grid(shape=(6, 7, 8), spacing=(3.0, 1.5, 2.0), origin=(-4.0, 10.0, 30.0)) -> Grid:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]]) * np.array(spacing)
    affine[:3, 3] = origin
    return Grid(shape, affine)


def _ramp(grid: Grid) -> Volume:
    """A linear function of the patient's coordinates: linear interpolation must reproduce it exactly."""
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    return Volume(grid, (grid.to_lps_mm(index) @ [1.0, -2.0, 3.0]).astype(np.float32))


def test_linear_interpolation_reproduces_a_linear_image_inside() -> None:
    coarse = _grid()
    fine = _grid((9, 9, 9), (1.2, 0.7, 0.9), (-2.0, 12.0, 33.0))
    np.testing.assert_allclose(resample_to(_ramp(coarse), fine).voxels, _ramp(fine).voxels, atol=1e-3)


def test_points_outside_the_source_are_air_or_what_was_asked_for() -> None:
    far = _grid(origin=(500.0, 500.0, 500.0))
    assert (resample_to(_ramp(_grid()), far).voxels == -1000.0).all()
    assert (resample_to(_ramp(_grid()), far, outside_hu=7.0).voxels == 7.0).all()


def test_labels_stay_labels_and_none_appears_outside() -> None:
    grid = _grid()
    voxels = np.zeros(grid.shape, dtype=np.uint8)
    voxels[2:4, 2:5, 3:6] = 19
    voxels[4:, 5:, :2] = 3
    labels = LabelMap(grid, voxels, {3: "kidney_left", 19: "gallbladder"})
    finer = resample_labels_to(labels, _grid((20, 20, 20), (1.0, 0.8, 1.0), (-8.0, 8.0, 26.0)))
    assert set(np.unique(finer.voxels)) == {0, 3, 19}
    assert finer.organs == labels.organs


@given(st.permutations([0, 1, 2]), st.tuples(st.booleans(), st.booleans(), st.booleans()))
@settings(max_examples=30, deadline=None)
def test_resampling_onto_turned_axes_equals_turning_the_axes(order, flips) -> None:
    source = _ramp(_grid())
    change = AxisChange((order[0], order[1], order[2]), flips)
    turned = change.volume(source)
    np.testing.assert_allclose(resample_to(source, turned.grid).voxels, turned.voxels, atol=1e-3)


def test_the_index_map_takes_an_index_to_the_same_point() -> None:
    source, target = _grid(), _grid((3, 3, 3), (5.0, 5.0, 5.0), (1.0, 2.0, 3.0))
    matrix, offset = index_map(source, target)
    index = np.array([1.0, 2.0, 0.5])
    np.testing.assert_allclose(source.to_lps_mm(matrix @ index + offset), target.to_lps_mm(index))
