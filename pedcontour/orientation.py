"""Exact changes of axes: permutations and flips with their inverse, never an interpolation.

A network learns in one orientation. ``AxisChange.to_canonical`` brings any scanner grid as close to it as permuting and
flipping axes can, and ``inverse`` brings the result back bit by bit. What remains of an oblique acquisition stays
oblique.
"""

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

from pedcontour.volume import Grid, LabelMap, Volume

CANONICAL_DIRECTIONS = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""Columns: the LPS directions of ``(k, j, i)`` in the canonical orientation: k to the head, j to the back, i to the
left.

It is how a head-first supine CT is stored with its slices from feet to head, and how ITK reads such a NIfTI.
"""


@dataclass(frozen=True)
class AxisChange:
    """A permutation and flips of the three axes.

    Axis ``n`` of the result is axis ``axes[n]`` of the source, reversed when ``flips[n]``.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    @classmethod
    def to_canonical(cls, grid: Grid) -> "AxisChange":
        """The change that brings ``grid`` closest to ``CANONICAL_DIRECTIONS``: the one with the largest total
        cosine.
        """
        cosines = CANONICAL_DIRECTIONS.T @ grid.directions  # [canonical axis, source axis]
        best = max(permutations(range(3)), key=lambda p: sum(abs(cosines[n, p[n]]) for n in range(3)))
        a, b, c = best
        return cls((a, b, c), (bool(cosines[0, a] < 0), bool(cosines[1, b] < 0), bool(cosines[2, c] < 0)))

    @property
    def inverse(self) -> "AxisChange":
        """The change that undoes this one exactly."""
        back = [self.axes.index(n) for n in range(3)]
        a, b, c = back
        return AxisChange((a, b, c), (self.flips[a], self.flips[b], self.flips[c]))

    def array(self, voxels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Apply to an array ``(k, j, i)``; returns a view."""
        return np.transpose(voxels, self.axes)[tuple(slice(None, None, -1 if f else 1) for f in self.flips)]

    def grid(self, grid: Grid) -> Grid:
        """Apply to a grid: every voxel keeps its point in patient space."""
        columns = grid.affine[:3, :3][:, list(self.axes)]
        shape = tuple(grid.shape[n] for n in self.axes)
        affine = np.eye(4)
        affine[:3, :3] = columns * np.where(self.flips, -1.0, 1.0)
        last = np.where(self.flips, np.array(shape) - 1.0, 0.0)
        affine[:3, 3] = grid.affine[:3, 3] + columns @ last
        return Grid((shape[0], shape[1], shape[2]), affine)

    def volume(self, volume: Volume) -> Volume:
        """Apply to an image."""
        return Volume(self.grid(volume.grid), np.ascontiguousarray(self.array(volume.voxels)))

    def label_map(self, labels: LabelMap) -> LabelMap:
        """Apply to a segmentation."""
        return LabelMap(
            self.grid(labels.grid), np.ascontiguousarray(self.array(labels.voxels)), labels.organs, labels.review
        )
