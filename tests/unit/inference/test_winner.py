from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from pedcontour.inference.winner import AxisSampling, Sampling, winning_class
from tests.unit.inference.interpolated import assert_same_but_for_a_last_bit, full_volumes

SIZES = st.tuples(*[st.integers(1, 9)] * 3)


def _scores(
    seed: int, classes: int, shape: tuple[int, ...], smooth: float, dtype: type = np.float16
) -> npt.NDArray[Any]:
    random = np.random.default_rng(seed)
    scores = [gaussian_filter(random.normal(0, 8, shape), smooth) for _ in range(classes)]
    return np.array(scores).astype(dtype)


def _sampling(coarse: tuple[int, ...], fine: tuple[int, ...], nearest_axis: int | None) -> Sampling:
    a, b, c = (
        AxisSampling.nearest(n, m) if axis == nearest_axis else AxisSampling.linear(n, m)
        for axis, (n, m) in enumerate(zip(coarse, fine, strict=True))
    )
    return a, b, c


def _by_full_volumes(scores: npt.NDArray[Any], fine: tuple[int, ...], nearest_axis: int | None) -> npt.NDArray[Any]:
    """What nnU-Net does: every class on the fine grid, rounded to the scores' type, then the first largest."""
    return full_volumes(scores, fine, nearest_axis).astype(scores.dtype).argmax(0)


@example(seed=0, classes=3, coarse=(2, 2, 2), fine=(1, 1, 1), smooth=0.0, nearest_axis=None, dtype=np.float16)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    classes=st.integers(1, 5),
    coarse=SIZES,
    fine=SIZES,
    smooth=st.sampled_from([0.0, 1.0, 3.0]),
    nearest_axis=st.sampled_from([None, 0, 1, 2]),
    dtype=st.sampled_from([np.float16, np.float32]),
)
def test_the_winner_is_that_of_interpolating_every_class(
    seed: int,
    classes: int,
    coarse: tuple[int, ...],
    fine: tuple[int, ...],
    smooth: float,
    nearest_axis: int | None,
    dtype: type,
) -> None:
    scores = _scores(seed, classes, coarse, smooth, dtype)
    ours = winning_class(scores, _sampling(coarse, fine, nearest_axis))
    theirs = _by_full_volumes(scores, fine, nearest_axis)
    assert_same_but_for_a_last_bit(ours, theirs, scores, nearest_axis)


def test_smooth_scores_on_a_large_grid_win_exactly_as_by_interpolating_every_class() -> None:
    scores = _scores(1, 6, (30, 40, 45), 5.0)
    ours = winning_class(scores, _sampling((30, 40, 45), (52, 90, 110), None))
    np.testing.assert_array_equal(ours, _by_full_volumes(scores, (52, 90, 110), None))
    assert len(np.unique(ours)) == 6


def test_of_equal_scores_the_first_wins() -> None:
    scores = np.zeros((3, 4, 4, 4), np.float16)
    scores[1:] = 2.0
    assert (winning_class(scores, _sampling((4, 4, 4), (7, 7, 7), None)) == 1).all()


def test_on_the_same_grid_nothing_is_interpolated() -> None:
    scores = _scores(2, 4, (6, 7, 8), 0.0)
    np.testing.assert_array_equal(winning_class(scores, _sampling((6, 7, 8), (6, 7, 8), None)), scores.argmax(0))


def test_a_class_can_win_between_voxels_that_it_does_not_win() -> None:
    scores = np.array([[10.0, 0.0], [0.0, 10.0], [8.0, 8.0]], np.float16).reshape(3, 2, 1, 1)
    winner = winning_class(scores, _sampling((2, 1, 1), (8, 1, 1), None)).ravel()
    assert winner.tolist() == [0, 0, 0, 2, 2, 1, 1, 1]


def test_a_lead_that_rounding_takes_away_is_no_lead() -> None:
    # The second class leads at both ends, but at 0.625 of the way both round to 1279 in half precision.
    scores = np.array([[0.0, 2046.0], [2.0**-14, 2047.0]], np.float16).reshape(2, 2, 1, 1)
    winner = winning_class(scores, _sampling((2, 1, 1), (8, 1, 1), None))
    np.testing.assert_array_equal(winner, _by_full_volumes(scores, (8, 1, 1), None))
    assert winner.ravel()[4] == 0
    assert winner.ravel()[7] == 1


def test_parts_decided_one_after_the_other_are_the_whole() -> None:
    coarse, fine = (9, 6, 7), (22, 11, 5)
    scores = _scores(3, 4, coarse, 1.0)
    sampling = _sampling(coarse, fine, None)
    whole = winning_class(scores, sampling)
    parts = []
    for start, stop, after in [(0, 4, -1), (3, 5, 3), (4, 9, 4)]:
        voxels, along = sampling[0].within(start, stop, after)
        assert voxels.start == sum(len(part) for part in parts)
        parts.append(winning_class(scores[:, start:stop], (along, *sampling[1:])))
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_one_voxel_is_spread_over_all() -> None:
    axis = AxisSampling.linear(1, 5)
    assert axis.lower.tolist() == axis.upper.tolist() == [0] * 5


@pytest.mark.parametrize(("coarse", "fine"), [(4, 8), (8, 4), (5, 7)])
def test_nearest_is_the_voxel_whose_extent_holds_the_point(coarse: int, fine: int) -> None:
    centres = (np.arange(fine) + 0.5) / fine
    assert AxisSampling.nearest(coarse, fine).lower.tolist() == np.floor(centres * coarse).astype(int).tolist()
