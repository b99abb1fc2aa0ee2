"""The winner on a device against the processor's, which interpolates only where it must."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from pedcontour.inference import device_winner
from pedcontour.inference.device_winner import winning_class_on_device
from pedcontour.inference.winner import AxisSampling, Sampling, winning_class
from tests.unit.inference.devices import on_every_device
from tests.unit.inference.interpolated import assert_same_but_for_a_last_bit

SIZES = st.tuples(*[st.integers(1, 9)] * 3)


def _scores(seed: int, classes: int, shape: tuple[int, ...], smooth: float) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(seed)
    return np.array([gaussian_filter(random.normal(0, 8, shape), smooth) for _ in range(classes)], np.float32)


def _sampling(coarse: tuple[int, ...], fine: tuple[int, ...], nearest_axis: int | None) -> Sampling:
    a, b, c = (
        AxisSampling.nearest(n, m) if axis == nearest_axis else AxisSampling.linear(n, m)
        for axis, (n, m) in enumerate(zip(coarse, fine, strict=True))
    )
    return a, b, c


def _on(device: torch.device, scores: npt.NDArray[np.generic], sampling: Sampling) -> npt.NDArray[np.uint8]:
    return winning_class_on_device(torch.from_numpy(scores).to(device), sampling).cpu().numpy()


@on_every_device
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@example(seed=0, classes=3, coarse=(2, 2, 2), fine=(1, 1, 1), smooth=0.0, nearest_axis=None)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    classes=st.integers(1, 5),
    coarse=SIZES,
    fine=SIZES,
    smooth=st.sampled_from([0.0, 1.0, 3.0]),
    nearest_axis=st.sampled_from([None, 0, 1, 2]),
)
def test_the_winner_is_the_processors(
    device: torch.device,
    dtype: type,
    seed: int,
    classes: int,
    coarse: tuple[int, ...],
    fine: tuple[int, ...],
    smooth: float,
    nearest_axis: int | None,
) -> None:
    scores = _scores(seed, classes, coarse, smooth).astype(dtype)
    sampling = _sampling(coarse, fine, nearest_axis)
    ours, theirs = _on(device, scores, sampling), winning_class(scores, sampling)
    assert_same_but_for_a_last_bit(ours, theirs, scores, nearest_axis)


@on_every_device
@pytest.mark.parametrize("at_once", [1, 20_000, 1 << 22])
def test_how_much_is_interpolated_together_changes_nothing(
    device: torch.device, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_winner, "FINE_VOXELS_AT_ONCE", at_once)
    scores = _scores(1, 6, (30, 40, 45), 5.0)
    sampling = _sampling((30, 40, 45), (52, 90, 110), None)
    np.testing.assert_array_equal(_on(device, scores, sampling), winning_class(scores, sampling))


@on_every_device
def test_of_equal_scores_the_first_wins(device: torch.device) -> None:
    scores = np.zeros((3, 4, 4, 4), np.float16)
    scores[1:] = 2.0
    assert (_on(device, scores, _sampling((4, 4, 4), (7, 7, 7), None)) == 1).all()


@on_every_device
def test_a_lead_that_rounding_takes_away_is_no_lead(device: torch.device) -> None:
    # The second class leads at both ends, but at 0.625 of the way both round to 1279 in half precision.
    scores = np.array([[0.0, 2046.0], [2.0**-14, 2047.0]], np.float16).reshape(2, 2, 1, 1)
    winner = _on(device, scores, _sampling((2, 1, 1), (8, 1, 1), None)).ravel()
    assert winner[4] == 0
    assert winner[7] == 1
