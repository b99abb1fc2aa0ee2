"""The spline on a device against that of the processor and nnU-Net's own, on random images of odd shapes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.inference.device_resampling import resize_cubic_on_device, resize_slices_cubic_on_device
from pedcontour.resampling import resize_cubic, resize_slices_cubic
from tests.unit.inference.devices import on_every_device

HU_SCALED = 1e-5
"""Largest difference on an image of unit standard deviation."""

SHAPES = st.tuples(*[st.integers(1, 40)] * 3)
Shape = tuple[int, int, int]


def _image(seed: int, shape: Shape) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@on_every_device
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), old=SHAPES, new=SHAPES)
def test_an_image_is_resized_as_on_the_processor(device: torch.device, seed: int, old: Shape, new: Shape) -> None:
    image = _image(seed, old)
    ours = resize_cubic_on_device(torch.from_numpy(image).to(device), new)
    assert ours.dtype == torch.float32
    assert ours.device.type == device.type
    np.testing.assert_allclose(ours.cpu().numpy(), resize_cubic(image, new), rtol=0, atol=HU_SCALED)


@on_every_device
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), old=SHAPES, new=SHAPES, across=st.integers(0, 2))
def test_thick_slices_are_resized_one_by_one_as_on_the_processor(
    device: torch.device, seed: int, old: Shape, new: Shape, across: int
) -> None:
    image = _image(seed, old)
    ours = resize_slices_cubic_on_device(torch.from_numpy(image).to(device), new, across)
    np.testing.assert_allclose(ours.cpu().numpy(), resize_slices_cubic(image, new, across), rtol=0, atol=HU_SCALED)


@on_every_device
@pytest.mark.parametrize(("old", "new"), [((5, 130, 71), (9, 77, 140)), ((64, 33, 200), (201, 33, 60))])
def test_long_axes_are_resized_as_by_nnunet(device: torch.device, old: Shape, new: Shape) -> None:
    from nnunetv2.preprocessing.resampling.default_resampling import resample_data_or_seg

    image = _image(7, old)
    stock = resample_data_or_seg(image[None].astype(np.float64), new, False, None, order=3)[0]
    ours = resize_cubic_on_device(torch.from_numpy(image).to(device), new).cpu().numpy()
    np.testing.assert_allclose(ours, stock, rtol=0, atol=HU_SCALED)


@on_every_device
def test_factors_are_not_cut_short_where_the_program_allows_it(device: torch.device) -> None:
    image = _image(8, (20, 31, 17))
    torch.set_float32_matmul_precision("medium")
    try:
        ours = resize_cubic_on_device(torch.from_numpy(image).to(device), (33, 20, 29)).cpu().numpy()
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    np.testing.assert_allclose(ours, resize_cubic(image, (33, 20, 29)), rtol=0, atol=HU_SCALED)


@on_every_device
def test_the_image_is_left_as_it_was(device: torch.device) -> None:
    image = torch.from_numpy(_image(9, (6, 7, 8))).to(device)
    before = image.clone()
    resize_cubic_on_device(image, (9, 9, 9))
    resize_slices_cubic_on_device(image, (9, 9, 9), 0)
    resize_slices_cubic_on_device(image, (6, 7, 8), 0)
    torch.testing.assert_close(image, before, rtol=0, atol=0)
