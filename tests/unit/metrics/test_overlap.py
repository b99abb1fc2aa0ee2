"""Dice by hand and by its properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pedcontour.metrics import dice

masks = hnp.arrays(np.bool_, (3, 4, 5))


def test_half_overlapping_bars_score_a_half() -> None:
    one, other = np.zeros((1, 1, 6), bool), np.zeros((1, 1, 6), bool)
    one[0, 0, :4] = True
    other[0, 0, 2:] = True
    assert dice(one, other) == pytest.approx(2 * 2 / 8)


def test_two_empty_masks_have_no_dice() -> None:
    assert dice(np.zeros((2, 2, 2), bool), np.zeros((2, 2, 2), bool)) is None


def test_masks_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        dice(np.zeros((2, 2, 2), bool), np.zeros((2, 2, 3), bool))


@given(masks, masks)
def test_dice_is_symmetric_and_between_nought_and_one(one: np.ndarray, other: np.ndarray) -> None:
    score = dice(one, other)
    assert score == dice(other, one)
    assert score is None or 0.0 <= score <= 1.0


@given(masks.filter(lambda m: m.any()))
def test_a_mask_agrees_fully_with_itself(mask: np.ndarray) -> None:
    assert dice(mask, mask) == 1.0


@given(masks, masks, st.sampled_from([0, 1, 2]))
def test_dice_does_not_depend_on_the_orientation_of_the_grid(one: np.ndarray, other: np.ndarray, axis: int) -> None:
    assert dice(one, other) == dice(np.flip(one, axis), np.flip(other, axis))
