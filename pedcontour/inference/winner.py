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

CLEAR_LEAD = {2: 2.0**-9, 4: 2.0**-22, 8: 2.0**-51}
"""By bytes of a score: a class leads clearly where it is ahead by more than this share of the scores' size, twice the
rounding step of the type in which interpolated scores are compared, as nnU-Net does in half precision. Closer cells are
interpolated and rounded."""

VOXELS_AT_ONCE = 1 << 12
"""Voxels interpolated together: with 20 classes in float64 0.6 MB, which stays in the cache."""

OPEN = np.uint8(255)
"""No class: a voxel still to be interpolated."""

IndexArray = npt.NDArray[np.intp]
Labels = npt.NDArray[np.uint8]


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
        fraction = position - lower
        return cls(lower, lower + (fraction > 0), fraction, coarse)

    @classmethod
    def nearest(cls, coarse: int, fine: int) -> "AxisSampling":
        """The nearest voxel of two grids with one extent; halfway goes up."""
        position = np.clip((np.arange(fine) + 0.5) * (coarse / fine) - 0.5, 0.0, coarse - 1.0)
        index = np.minimum(np.floor(position + 0.5).astype(np.intp), coarse - 1)
        return cls(index, index, np.zeros(fine), coarse)

    def within(self, start: int, stop: int, after: int = -1) -> tuple[slice, "AxisSampling"]:
        """The fine voxels that only coarse voxels ``start`` to ``stop`` decide, and their sampling of that part.

        Those that end at or before ``after`` are left out: an earlier part has decided them.
        """
        inside = (self.lower >= start) & (self.upper < stop) & (self.upper > after)
        first = int(inside.argmax())
        fine = slice(first, first + int(inside.sum()))
        lower, upper = self.lower[fine] - start, self.upper[fine] - start
        return fine, AxisSampling(lower, upper, self.fraction[fine], stop - start)


Sampling = tuple[AxisSampling, AxisSampling, AxisSampling]


@dataclass(frozen=True, eq=False)
class CoarseWinner:
    """``winner``: the first largest class of every coarse voxel; ``clear``: whether it leads clearly."""

    winner: npt.NDArray[np.uint8]
    clear: npt.NDArray[np.bool_]


def first_largest(values: npt.NDArray[Any]) -> IndexArray:
    """The class of voxels with scores ``(voxels, classes)``: the first of the largest."""
    winner: IndexArray = values.argmax(axis=1)
    return winner


def winning_class(
    scores: npt.NDArray[Any],
    sampling: Sampling,
    coarse: CoarseWinner | None = None,
    pick: Callable[[npt.NDArray[Any]], IndexArray] = first_largest,
) -> Labels:
    """The class with the largest interpolated score at every fine voxel, the first of equals.

    ``scores`` are ``(classes, a, b, c)`` on the coarse grid in any float type, in which interpolated scores are
    compared; at most 255 classes. ``coarse`` is what ``coarse_winner`` gives for them; with another way to ``pick`` a
    class, what goes with it (``Decision`` in ``decision.py``). Returns ``(a, b, c)`` of the fine grid.
    """
    found = coarse or coarse_winner(scores)
    mixed = ~_pure_cells(found)
    winner = np.where(mixed, OPEN, found.winner)
    for axis in reversed(range(3)):
        winner = winner.take(sampling[axis].lower, axis=axis)
    flat = winner.reshape(-1)
    open_voxels = np.flatnonzero(flat == OPEN)
    corners = _corners(mixed)
    # Of the scores, only those at corners of mixed cells are looked at again: one row a corner, all classes together.
    rows = np.ascontiguousarray(scores.reshape(len(scores), -1)[:, np.flatnonzero(corners)].T)
    row_of = np.cumsum(corners.ravel(), dtype=np.int32) - 1
    for start in range(0, len(open_voxels), VOXELS_AT_ONCE):
        chunk = open_voxels[start : start + VOXELS_AT_ONCE]
        flat[chunk] = pick(_interpolated(rows, row_of, sampling, chunk))
    return winner


def coarse_winner(scores: npt.NDArray[Any]) -> CoarseWinner:
    """The winner of every coarse voxel, plane by plane: what is compared then stays in the cache."""
    winner = np.zeros(scores.shape[1:], np.uint8)
    clear = np.zeros(scores.shape[1:], bool)
    share = CLEAR_LEAD[scores.dtype.itemsize]
    for plane in range(scores.shape[1]):
        best = scores[0, plane].astype(np.float32)
        second = np.full_like(best, -np.inf)
        for number in range(1, len(scores)):
            current = scores[number, plane].astype(np.float32, copy=False)
            np.maximum(second, np.minimum(best, current), out=second)
            winner[plane][current > best] = number
            np.maximum(best, current, out=best)
        clear[plane] = best - second > share * np.maximum(np.abs(best), np.abs(second))
    return CoarseWinner(winner, clear)


def _pure_cells(coarse: CoarseWinner) -> npt.NDArray[np.bool_]:
    """By its lowest corner: whether all corners of a cell have one clear winner. A cell at the end is flat."""
    winner, pure = coarse.winner, coarse.clear.copy()
    for axis in range(3):
        here, following = _neighbours(axis)
        # Winners agree along all twelve edges of a cell once each axis has folded its two ends into one.
        pure[here] &= pure[following] & (winner[here] == winner[following])
    return pure


def _corners(cells: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The corners of cells that are given by their lowest corner."""
    corners = cells.copy()
    for axis in range(3):
        here, following = _neighbours(axis)
        corners[following] |= corners[here].copy()
    return corners


def _neighbours(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """All voxels but the last along an axis, and all but the first."""
    here, following = [slice(None)] * 3, [slice(None)] * 3
    here[axis], following[axis] = slice(None, -1), slice(1, None)
    return tuple(here), tuple(following)


def _interpolated(
    rows: npt.NDArray[Any], row_of: npt.NDArray[np.int32], sampling: Sampling, voxels: IndexArray
) -> npt.NDArray[Any]:
    """Scores ``(voxels, classes)`` of fine voxels, given by flat index; ``rows`` are ``(corners, classes)``."""
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
            total += rows[row_of[index]] * weight[:, None]
    return total.astype(rows.dtype)
