"""The spline against nnU-Net's own resampling, on random images of odd shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.resampling import resize_cubic, resize_slices_cubic

HU_SCALED = 1e-5
"""Largest difference on an image of unit standard deviation."""

SHAPES = st.tuples(*[st.integers(1, 40)] * 3)


def _by_nnunet(image: np.ndarray, shape: tuple[int, ...], axis: int | None) -> np.ndarray:
    from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg

    resampled: np.ndarray = resample_data_or_seg(
        image[None].astype(np.float64), shape, False, axis, order=3, do_separate_z=axis is not None, order_z=0
    )[0]
    return resampled


def _image(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), old=SHAPES, new=SHAPES)
def test_an_image_is_resized_as_by_nnunet(seed: int, old: tuple[int, int, int], new: tuple[int, int, int]) -> None:
    image = _image(seed, old)
    ours = resize_cubic(image, new)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, _by_nnunet(image, new, None), rtol=0, atol=HU_SCALED)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), old=SHAPES, new=SHAPES, across=st.integers(0, 2))
def test_thick_slices_are_resized_one_by_one_as_by_nnunet(
    seed: int, old: tuple[int, int, int], new: tuple[int, int, int], across: int
) -> None:
    image = _image(seed, old)
    ours = resize_slices_cubic(image, new, across)
    np.testing.assert_allclose(ours, _by_nnunet(image, new, across), rtol=0, atol=HU_SCALED)


@pytest.mark.parametrize(("old", "new"), [((5, 130, 71), (9, 77, 140)), ((64, 33, 200), (201, 33, 60))])
def test_long_axes_are_resized_as_by_nnunet(old: tuple[int, int, int], new: tuple[int, int, int]) -> None:
    image = _image(7, old)
    np.testing.assert_allclose(resize_cubic(image, new), _by_nnunet(image, new, None), rtol=0, atol=HU_SCALED)


def test_in_float64_it_is_exact_to_rounding() -> None:
    image = _image(8, (20, 31, 17)).astype(np.float64)
    np.testing.assert_allclose(resize_cubic(image, (33, 20, 29)), _by_nnunet(image, (33, 20, 29), None), atol=1e-8)


def test_the_image_is_left_as_it_was() -> None:
    image = _image(9, (6, 7, 8))
    before = image.copy()
    assert resize_cubic(image, (6, 7, 8)) is image
    resize_cubic(image, (9, 9, 9))
    np.testing.assert_array_equal(image, before)
