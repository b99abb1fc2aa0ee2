"""What nnU-Net interpolates, and where its comparison hangs on the last bits of a float64."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import zoom

LAST_BITS = 2.0**-44
"""Of a score's size: more than the order of eight float64 sums can change, far less than a score's own rounding."""


def full_volumes(scores: npt.NDArray[Any], fine: tuple[int, ...], nearest_axis: int | None) -> npt.NDArray[np.float64]:
    """Every class on the fine grid, by scipy, not yet rounded to the scores' type."""
    volumes = []
    for score in scores:
        volume = score.astype(np.float64)
        for axis in range(3):
            factors = [1.0] * 3
            factors[axis] = fine[axis] / volume.shape[axis]
            order = 0 if axis == nearest_axis else 1
            volume = zoom(volume, factors, order=order, mode="nearest", grid_mode=True)
        volumes.append(volume)
    return np.array(volumes)


def assert_same_but_for_a_last_bit(
    ours: npt.NDArray[Any], theirs: npt.NDArray[Any], scores: npt.NDArray[Any], nearest_axis: int | None
) -> None:
    """The same class at every voxel, or at all but one, where a class's rounding falls either way by a float64's last
    bits."""
    different = np.argwhere(ours != theirs)
    assert len(different) <= 1
    for voxel in map(tuple, different):
        values = full_volumes(scores, ours.shape, nearest_axis)[:, *voxel][[ours[voxel], theirs[voxel]]]
        slack = np.abs(values) * LAST_BITS
        assert np.any((values - slack).astype(scores.dtype) != (values + slack).astype(scores.dtype))
