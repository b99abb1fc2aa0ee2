"""Classes from scores as nnU-Net decides, without interpolating all of them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.special import expit

from pedcontour.inference.confidence import Confidence
from pedcontour.inference.decision import OverlappingRegions
from pedcontour.inference.winner import AxisSampling, Sampling, winning_class
from tests.unit.inference.interpolated import full_volumes

SIZES = st.tuples(*[st.integers(1, 9)] * 3)


def _sampling(coarse: tuple[int, ...], fine: tuple[int, ...], nearest_axis: int | None) -> Sampling:
    a, b, c = (
        AxisSampling.nearest(n, m) if axis == nearest_axis else AxisSampling.linear(n, m)
        for axis, (n, m) in enumerate(zip(coarse, fine, strict=True))
    )
    return a, b, c


def _ours(scores: npt.NDArray[Any], fine: tuple[int, ...], nearest_axis: int | None = None) -> npt.NDArray[Any]:
    regions = OverlappingRegions(len(scores))
    sampling = _sampling(scores.shape[1:], fine, nearest_axis)
    return winning_class(scores, sampling, regions.coarse(scores), regions.pick)


def _by_nnunet(scores: npt.NDArray[Any], fine: tuple[int, ...], nearest_axis: int | None = None) -> npt.NDArray[Any]:
    """Every region on the fine grid, rounded to the scores' type, then nnU-Net's own painting."""
    from nnunetv2.utilities.label_handling.label_handling import LabelManager

    volumes = full_volumes(scores, fine, nearest_axis).astype(scores.dtype)
    count = len(scores)
    labels = {"background": 0, **{str(n): [n, count + 1] for n in range(1, count + 1)}}
    painted: npt.NDArray[Any] = LabelManager(labels, list(range(1, count + 1))).convert_logits_to_segmentation(volumes)
    return painted


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    regions=st.integers(1, 5),
    coarse=SIZES,
    fine=SIZES,
    smooth=st.sampled_from([0.0, 1.0, 3.0]),
    nearest_axis=st.sampled_from([None, 0, 1, 2]),
    dtype=st.sampled_from([np.float16, np.float32]),
)
def test_regions_are_painted_as_by_interpolating_every_one(
    seed: int,
    regions: int,
    coarse: tuple[int, ...],
    fine: tuple[int, ...],
    smooth: float,
    nearest_axis: int | None,
    dtype: type,
) -> None:
    random = np.random.default_rng(seed)
    scores = np.array([gaussian_filter(random.normal(0, 8, coarse), smooth) for _ in range(regions)]).astype(dtype)
    # A score within the rounding of a float64 sum of the threshold may fall either way.
    differ = np.count_nonzero(_ours(scores, fine, nearest_axis) != _by_nnunet(scores, fine, nearest_axis))
    assert differ <= 1


def test_smooth_regions_on_a_large_grid_are_painted_exactly() -> None:
    random = np.random.default_rng(1)
    fields = [gaussian_filter(random.normal(0, 8, (30, 40, 45)), 4) * 30 for _ in range(4)]
    scores = np.array(fields).astype(np.float16)
    painted = _ours(scores, (52, 90, 110))
    np.testing.assert_array_equal(painted, _by_nnunet(scores, (52, 90, 110)))
    assert len(np.unique(painted)) == 5


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_scores_at_the_threshold_are_rounded_as_by_nnunet(dtype: type) -> None:
    step = float(np.finfo(dtype).smallest_subnormal)
    near = [0.0, -0.0, step, -step, 2.0**-24, 2.0**-23, 2.0**-22, 2.0**-20, 2.0**-19, -(2.0**-24)]
    scores = np.array(near, dtype).reshape(1, -1, 1, 1)
    for fine in (len(near), 7 * len(near)):
        np.testing.assert_array_equal(_ours(scores, (fine, 1, 1)), _by_nnunet(scores, (fine, 1, 1)))


def test_a_later_region_covers_an_earlier_one_that_is_surer() -> None:
    scores = np.array([[9.0, 9.0, 9.0, -9.0], [-1.0, 1.0, -1.0, 1.0]], np.float16).reshape(2, 4, 1, 1)
    assert _ours(scores, (4, 1, 1)).ravel().tolist() == [1, 2, 1, 2]


def test_certainty_is_the_probability_of_the_region_that_was_drawn() -> None:
    scores = np.random.default_rng(4).normal(0, 2, (3, 5, 6, 7)).astype(np.float16)
    regions = OverlappingRegions(3)
    winner = regions.coarse(scores).winner
    confidence = Confidence((0, 1, 1, 0), regions)
    confidence.add(scores, winner)
    assert confidence.by_label().keys() == {1}
    probability = expit(scores.astype(np.float64))
    own = np.concatenate([probability[0][winner == 1], probability[1][winner == 2]])
    assert confidence.by_label()[1].mean == pytest.approx(own.mean(), rel=1e-5)
    assert confidence.by_label()[1].spread == pytest.approx(own.std(), rel=1e-4)


def test_where_no_tile_ran_nothing_is_drawn() -> None:
    regions = OverlappingRegions(3)
    scores = np.array(regions.outside, np.float16).reshape(3, 1, 1, 1)
    found = regions.coarse(scores)
    assert (found.winner.item(), found.clear.item()) == (0, True)
