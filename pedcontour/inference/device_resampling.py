"""The image resampled on a device: the numbers of ``pedcontour.resampling.cubic``, as products of whole matrices.

Along one axis every new voxel is a fixed sum of old ones. A processor leaves out the weights that are nothing; for a
graphics card the whole product takes less time than finding them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from pedcontour.resampling import axes_by_growth, cubic_weights, nearest_slices

Shape = tuple[int, int, int]


def resize_cubic_on_device(image: torch.Tensor, shape: Shape) -> torch.Tensor:
    """What ``resize_cubic`` gives, for ``image`` ``(a, b, c)`` in float32 or float64 on any device."""
    if shape == tuple(image.shape):
        return image
    lowest, highest = image.aminmax()
    return _resize(image, shape).clamp_(lowest, highest)


def resize_slices_cubic_on_device(image: torch.Tensor, shape: Shape, across: int) -> torch.Tensor:
    """What ``resize_slices_cubic`` gives: each slice by itself, and along the axis ``across`` the nearest one."""
    nearest = nearest_slices(image.shape[across], shape[across])
    used, place = np.unique(nearest, return_inverse=True)
    slices = image.index_select(across, torch.from_numpy(used).to(image.device))
    kept = list(shape)
    kept[across] = len(used)
    within = tuple(axis for axis in range(3) if axis != across)
    lowest, highest = slices.amin(within, keepdim=True), slices.amax(within, keepdim=True)
    resized = _resize(slices, (kept[0], kept[1], kept[2]))
    if resized is not slices:
        torch.clamp(resized, lowest, highest, out=resized)
    return resized.index_select(across, torch.from_numpy(place).to(image.device))


def _resize(image: torch.Tensor, shape: Shape) -> torch.Tensor:
    old = (image.shape[0], image.shape[1], image.shape[2])
    with _full_precision():
        for axis in axes_by_growth(old, shape):
            weights = torch.from_numpy(cubic_weights(old[axis], shape[axis])).to(image.device, image.dtype)
            image = _weighted(image, weights, axis)
    return image


def _weighted(image: torch.Tensor, weights: torch.Tensor, axis: int) -> torch.Tensor:
    if axis == 0:
        return torch.matmul(weights, image.reshape(len(image), -1)).reshape(-1, *image.shape[1:])
    return torch.matmul(weights, image) if axis == 1 else torch.matmul(image, weights.T)


@contextmanager
def _full_precision() -> Iterator[None]:
    """Products of float32 in float32: some programs allow cards to cut factors to eleven bits (TF32)."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
