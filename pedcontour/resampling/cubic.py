"""Cubic B-spline interpolation to another number of voxels within the same extent, axis by axis.

It gives what nnU-Net gets from ``skimage.transform.resize(order=3, mode="edge", anti_aliasing=False)``. A spline on a
grid is the product of splines along its axes, and along one axis each new voxel is a fixed sum of old ones. The weights
fall off by a factor of 0.27 a voxel, so few matter, and the sums are products of small matrices.
"""

from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.ndimage import spline_filter1d
from threadpoolctl import threadpool_limits

EDGE_VOXELS = 12
"""scipy repeats the outer voxels so often before it fits the spline, and so does this."""

LEAST_WEIGHT = 1e-9
"""Weights below it are left out: far below the rounding of float32, in which the sums are taken."""

ROWS_AT_ONCE = 32
"""New voxels of an axis computed together: wide enough for fast products, narrow enough to leave out most zeros."""

Real = TypeVar("Real", np.float32, np.float64)
Shape = tuple[int, int, int]


def resize_cubic(image: npt.NDArray[Real], shape: Shape) -> npt.NDArray[Real]:
    """``image`` ``(a, b, c)`` with ``shape`` voxels over the same extent, within the range of its old values."""
    resized = _resize(image, shape)
    if resized is not image:
        np.clip(resized, image.min(), image.max(), out=resized)
    return resized


def resize_slices_cubic(image: npt.NDArray[Real], shape: Shape, across: int) -> npt.NDArray[Real]:
    """The same for slices far apart: each slice by itself, and across them, along axis ``across``, the nearest one.

    Each slice stays within the range of its own old values.
    """
    used, place = np.unique(nearest_slices(image.shape[across], shape[across]), return_inverse=True)
    slices = image.take(used, axis=across)
    kept = list(shape)
    kept[across] = len(used)
    resized = _resize(slices, (kept[0], kept[1], kept[2]))
    within = tuple(axis for axis in range(3) if axis != across)
    if resized is not slices:
        lowest, highest = slices.min(axis=within, keepdims=True), slices.max(axis=within, keepdims=True)
        np.clip(resized, lowest, highest, out=resized)
    return resized.take(place, axis=across)


def nearest_slices(coarse: int, fine: int) -> npt.NDArray[np.intp]:
    """The old slice that each of ``fine`` new ones is taken from, the later one halfway between two."""
    position = (np.arange(fine) + 0.5) * (coarse / fine) - 0.5
    nearest: npt.NDArray[np.intp] = np.clip(np.floor(position + 0.5).astype(np.intp), 0, coarse - 1)
    return nearest


def axes_by_growth(old: Shape, new: Shape) -> list[int]:
    """The axes whose numbers of voxels differ, those that shrink most first: they leave less to do for the others."""
    changed = [axis for axis in range(3) if new[axis] != old[axis]]
    return sorted(changed, key=lambda axis: new[axis] / old[axis])


def _resize(image: npt.NDArray[Real], shape: Shape) -> npt.NDArray[Real]:
    # On one thread: the products are small, and threads that wait for each other took twelve times as long.
    with threadpool_limits(limits=1, user_api="blas"):
        old = (image.shape[0], image.shape[1], image.shape[2])
        for axis in axes_by_growth(old, shape):
            image = _resize_axis(image, shape[axis], axis)
        return image


def _resize_axis(image: npt.NDArray[Real], fine: int, axis: int) -> npt.NDArray[Real]:
    weights = cubic_weights(image.shape[axis], fine).astype(image.dtype)
    shape = [*image.shape]
    shape[axis] = fine
    resized = np.empty(shape, image.dtype)
    for start in range(0, fine, ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, fine))
        (matter,) = np.nonzero(weights[rows].any(axis=0))
        columns = slice(int(matter[0]), int(matter[-1]) + 1)
        block = weights[rows, columns]
        if axis == 0:
            layers = image[columns].reshape(block.shape[1], -1)
            np.matmul(block, layers, out=resized[rows].reshape(block.shape[0], -1))
        elif axis == 1:
            np.matmul(block, image[:, columns], out=resized[:, rows])
        else:
            np.matmul(image[..., columns], block.T, out=resized[..., rows])
    return resized


@lru_cache(maxsize=32)
def cubic_weights(coarse: int, fine: int) -> npt.NDArray[np.float64]:
    """``(fine, coarse)``: how much of each old voxel of an axis is in each new one. Not to be written to."""
    repeated = np.pad(np.eye(coarse), ((EDGE_VOXELS, EDGE_VOXELS), (0, 0)), mode="edge")
    coefficients = spline_filter1d(repeated, 3, axis=0, mode="nearest")
    position = (np.arange(fine) + 0.5) * (coarse / fine) - 0.5 + EDGE_VOXELS
    knot = np.floor(position).astype(np.intp)
    along = (position - knot)[:, None]
    weights: npt.NDArray[np.float64] = (
        (1 - along) ** 3 / 6 * coefficients[knot - 1]
        + (3 * along**3 - 6 * along**2 + 4) / 6 * coefficients[knot]
        + (1 + 3 * along + 3 * along**2 - 3 * along**3) / 6 * coefficients[knot + 1]
        + along**3 / 6 * coefficients[knot + 2]
    )
    weights[np.abs(weights) < LEAST_WEIGHT] = 0.0
    return weights
