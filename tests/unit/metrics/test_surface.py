"""Surface distances: cases worked out by hand, and what must hold for any pair of masks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pedcontour.metrics import surface_distances
from pedcontour.orientation import AxisChange
from pedcontour.volume import Grid

filled = hnp.arrays(np.bool_, (4, 5, 6)).filter(lambda m: m.any())


def grid_of(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Grid:
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = *spacing_mm, 1.0
    return Grid(shape, affine)


def test_two_single_voxels_are_as_far_apart_as_their_centres() -> None:
    one, other = np.zeros((5, 5, 5), bool), np.zeros((5, 5, 5), bool)
    one[0, 0, 0] = True
    other[2, 0, 4] = True
    found = surface_distances(one, other, grid_of((5, 5, 5), (3.0, 1.0, 2.0)))
    assert found.hd95_mm == pytest.approx(10.0)  # 2 x 3 mm and 4 x 2 mm: a 6-8-10 triangle
    assert found.msd_mm == pytest.approx(10.0)


def test_a_bar_and_its_longer_twin_differ_by_hand_computed_figures() -> None:
    short, long = np.zeros((1, 1, 20), bool), np.zeros((1, 1, 20), bool)
    short[0, 0, :10] = True
    long[0, 0, :20] = True
    found = surface_distances(short, long, grid_of((1, 1, 20)))
    # From the long bar: ten voxels at 0 and ten at 1..10 mm; from the short one all at 0.
    assert found.hd95_mm == pytest.approx(np.percentile([0] * 10 + list(range(1, 11)), 95))
    assert found.msd_mm == pytest.approx((55 / 20 + 0.0) / 2)


def test_hd95_is_the_larger_of_the_two_directions_not_their_mix() -> None:
    big, small = np.zeros((1, 1, 101), bool), np.zeros((1, 1, 101), bool)
    big[0, 0, :] = True
    small[0, 0, 0] = True
    assert surface_distances(big, small, grid_of((1, 1, 101))).hd95_mm == pytest.approx(95.0)


def test_only_surface_voxels_count() -> None:
    solid = np.zeros((7, 7, 7), bool)
    solid[1:6, 1:6, 1:6] = True
    hollow = solid.copy()
    hollow[3, 3, 3] = False  # a cavity in the middle adds the six voxels around it to the surface
    found = surface_distances(solid, hollow, grid_of((7, 7, 7)))
    assert found.msd_mm > 0.0
    assert surface_distances(solid, solid, grid_of((7, 7, 7))).msd_mm == 0.0


def test_an_empty_mask_has_no_distance() -> None:
    empty, full = np.zeros((2, 2, 2), bool), np.ones((2, 2, 2), bool)
    with pytest.raises(ValueError, match="non-empty"):
        surface_distances(full, empty, grid_of((2, 2, 2)))


@settings(max_examples=40)
@given(filled, filled)
def test_distances_are_symmetric_and_hd95_is_no_less_than_either_median(one: np.ndarray, other: np.ndarray) -> None:
    grid = grid_of((4, 5, 6), (4.25, 0.977, 0.977))
    there, back = surface_distances(one, other, grid), surface_distances(other, one, grid)
    assert there.hd95_mm == pytest.approx(back.hd95_mm)
    assert there.msd_mm == pytest.approx(back.msd_mm)
    assert there.msd_mm >= 0.0


@settings(max_examples=40)
@given(filled, filled, st.permutations([0, 1, 2]), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_distances_do_not_depend_on_the_orientation_of_the_grid(
    one: np.ndarray, other: np.ndarray, axes: list[int], flips: tuple[bool, bool, bool]
) -> None:
    grid = grid_of((4, 5, 6), (4.25, 0.9, 1.1))
    turn = AxisChange((axes[0], axes[1], axes[2]), flips)
    before = surface_distances(one, other, grid)
    after = surface_distances(turn.array(one), turn.array(other), turn.grid(grid))
    assert after.hd95_mm == pytest.approx(before.hd95_mm)
    assert after.msd_mm == pytest.approx(before.msd_mm)


@settings(max_examples=20)
@given(filled, filled, st.floats(0.5, 5.0))
def test_distances_scale_with_the_spacing(one: np.ndarray, other: np.ndarray, scale: float) -> None:
    small = surface_distances(one, other, grid_of((4, 5, 6)))
    large = surface_distances(one, other, grid_of((4, 5, 6), (scale, scale, scale)))
    assert large.hd95_mm == pytest.approx(scale * small.hd95_mm)
