"""Changing axes is exact, keeps every voxel where it is in the patient, and can be undone."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from pedcontour.orientation import CANONICAL_DIRECTIONS, AxisChange
from pedcontour.volume import Grid, LabelMap, Volume

CHANGES = [AxisChange(a, f) for a in permutations(range(3)) for f in product((False, True), repeat=3)]  # type: ignore[arg-type]


def _grid(rotation: np.ndarray, shape: tuple[int, int, int] = (4, 5, 6)) -> Grid:
    affine = np.eye(4)
    affine[:3, :3] = rotation @ CANONICAL_DIRECTIONS * (4.0, 2.0, 1.0)
    affine[:3, 3] = (-30.0, 12.5, 700.0)
    return Grid(shape, affine)


def test_there_are_48_changes_and_each_is_undone_by_its_inverse() -> None:
    voxels = np.arange(120).reshape(4, 5, 6)
    grid = _grid(np.eye(3))
    for change in CHANGES:
        assert np.array_equal(change.inverse.array(change.array(voxels)), voxels)
        assert change.inverse.grid(change.grid(grid)).same_place(grid)
    assert len(CHANGES) == 48


@given(st.sampled_from(CHANGES), st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 5)))
def test_every_voxel_keeps_its_point_in_the_patient(change: AxisChange, index: tuple[int, int, int]) -> None:
    grid = _grid(Rotation.from_euler("xyz", (10, 20, 30), degrees=True).as_matrix())
    marked = np.zeros(grid.shape, np.int16)
    marked[index] = 1
    moved = change.volume(Volume(grid, marked))
    there = np.argwhere(moved.voxels)[0]
    assert moved.grid.to_lps_mm(there) == pytest.approx(grid.to_lps_mm(index), abs=1e-9)


@pytest.mark.parametrize("change", CHANGES)
def test_any_axis_order_is_brought_to_the_canonical_one(change: AxisChange) -> None:
    scrambled = change.grid(_grid(np.eye(3)))
    restored = AxisChange.to_canonical(scrambled).grid(scrambled)
    assert restored.directions == pytest.approx(CANONICAL_DIRECTIONS)


@given(st.tuples(*[st.floats(-40, 40)] * 3))
def test_an_oblique_grid_ends_nearest_to_canonical_and_stays_oblique(degrees: tuple[float, float, float]) -> None:
    grid = _grid(Rotation.from_euler("xyz", degrees, degrees=True).as_matrix())
    canonical = AxisChange.to_canonical(grid).grid(grid)
    best = max(np.trace(CANONICAL_DIRECTIONS.T @ c.grid(grid).directions) for c in CHANGES)
    assert np.trace(CANONICAL_DIRECTIONS.T @ canonical.directions) == pytest.approx(best)


def test_labels_keep_their_organs() -> None:
    grid = _grid(np.eye(3))
    labels = LabelMap(grid, np.ones(grid.shape, np.uint8), {1: "liver"})
    assert CHANGES[17].label_map(labels).organs == {1: "liver"}
