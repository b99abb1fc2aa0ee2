"""The winning class of every voxel of a fine grid from class scores on a coarse one, exactly and without
interpolating all.

Interpolated linearly, a class that beats every other at all corners of a coarse cell beats them everywhere inside it.
Only voxels in the other cells, a few in a hundred, are interpolated: one pass over them in place of one volume per
class.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

CLEAR_LEAD = 2.0**-9
"""A class leads clearly where it is ahead by more than this share of the scores' size: twice the rounding step of half
precision, in which nnU-Net compares interpolated scores. Closer cells are interpolated and rounded as nnU-Net does."""

VOXELS_AT_ONCE = 1 << 16
"""Voxels interpolated together: with 20 classes in float64 about 10 MB, which stays in the cache."""

IndexArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class AxisSampling:
    """Where the voxels of the fine grid lie along one axis of the coarse one.

    Fine voxel ``n`` is ``1 - fraction[n]`` of coarse voxel ``lower[n]`` and ``fraction[n]`` of ``upper[n]``;
    ``coarse`` is the number of coarse voxels.
    """

    lower: IndexArray
    upper: IndexArray
    fraction: npt.NDArray[np.float64]
    coarse: int

    @classmethod
    def linear(cls, coarse: int, fine: int) -> "AxisSampling":
        """Linear between the voxel centres of two grids with one extent, constant beyond the outer centres."""
        position = np.clip((np.arange(fine) + 0.5) * (coarse / fine) - 0.5, 0.0, coarse - 1.0)
        lower = np.floor(position).astype(np.intp)
        return cls(lower, np.minimum(lower + 1, coarse - 1), position - lower, coarse)

    @classmethod
    def nearest(cls, coarse: int, fine: int) -> "AxisSampling":
        """The nearest voxel of two grids with one extent; halfway goes up."""
        position = np.clip((np.arange(fine) + 0.5) * (coarse / fine) - 0.5, 0.0, coarse - 1.0)
        index = np.floor(position + 0.5).astype(np.intp)
        return cls(index, index, np.zeros(fine), coarse)


Sampling = tuple[AxisSampling, AxisSampling, AxisSampling]


def winning_class(
    scores: npt.NDArray[Any], sampling: Sampling, progress: Callable[[float], None] = lambda _: None
) -> npt.NDArray[np.uint8]:
    """The class with the largest interpolated score at every fine voxel, the first of equals.

    ``scores`` are ``(classes, a, b, c)`` on the coarse grid in any float type, in which interpolated scores are
    compared; at most 255 classes. Returns ``(a, b, c)`` of the fine grid. ``progress`` hears the share that is done.
    """
    coarse_winner, clear = _coarse_winner(scores)
    pure = _pure_cells(coarse_winner, clear)
    lower = np.ix_(*(axis.lower for axis in sampling))
    winner = coarse_winner[lower]
    open_voxels = np.flatnonzero(~pure[lower].ravel())
    rows = np.ascontiguousarray(scores.reshape(len(scores), -1).T)
    flat = winner.reshape(-1)
    for start in range(0, len(open_voxels), VOXELS_AT_ONCE):
        chunk = open_voxels[start : start + VOXELS_AT_ONCE]
        flat[chunk] = _interpolated_winner(rows, sampling, chunk)
        progress((start + len(chunk)) / len(open_voxels))
    progress(1.0)
    return winner


def _coarse_winner(scores: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """The winner of every coarse voxel, and whether its lead is clear."""
    winner = np.zeros(scores.shape[1:], np.uint8)
    best = scores[0].astype(np.float32)
    second = np.full_like(best, -np.inf)
    for number, score in enumerate(scores[1:], start=1):
        current = score.astype(np.float32)
        np.maximum(second, np.minimum(best, current), out=second)
        winner[current > best] = number
        np.maximum(best, current, out=best)
    size = np.maximum(np.abs(best), np.abs(second))
    largest = float(size.max(initial=0.0, where=np.isfinite(size)))
    return winner, best - second > CLEAR_LEAD * largest


def _pure_cells(winner: npt.NDArray[np.uint8], clear: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """By its lowest corner: whether all corners of a cell have one clear winner. A cell at the end is flat."""
    pure = clear.copy()
    for axis in range(3):
        here = [slice(None)] * 3
        following = [slice(None)] * 3
        here[axis], following[axis] = slice(None, -1), slice(1, None)
        # Winners agree along all twelve edges of a cell once each axis has folded its two ends into one.
        same = winner[tuple(here)] == winner[tuple(following)]
        pure[tuple(here)] &= pure[tuple(following)] & same
    return pure


def _interpolated_winner(
    rows: npt.NDArray[Any], sampling: Sampling, voxels: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """The first largest interpolated score of fine voxels, given by flat index; ``rows`` are ``(coarse, classes)``."""
    fine_shape = tuple(len(axis.lower) for axis in sampling)
    strides = (sampling[1].coarse * sampling[2].coarse, sampling[2].coarse, 1)
    places = np.unravel_index(voxels, fine_shape)
    total = np.zeros((len(voxels), rows.shape[1]))
    for corner in product((False, True), repeat=3):
        index = np.zeros(len(voxels), np.intp)
        weight = np.ones(len(voxels))
        for axis, place, stride, upper in zip(sampling, places, strides, corner, strict=True):
            index += (axis.upper if upper else axis.lower)[place] * stride
            weight *= axis.fraction[place] if upper else 1.0 - axis.fraction[place]
        if weight.any():
            total += rows[index] * weight[:, None]
    winner: npt.NDArray[np.intp] = total.astype(rows.dtype).argmax(axis=1)
    return winner
