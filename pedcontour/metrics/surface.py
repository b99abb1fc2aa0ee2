"""Distances between the surfaces of two masks, in millimetres."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion
from scipy.spatial import KDTree

from pedcontour.metrics.overlap import Mask
from pedcontour.volume import FloatArray, Grid

HD_PERCENTILE = 95.0
"""The percentile of the study (arXiv:2605.06820): the plain maximum would hang on one stray voxel."""


@dataclass(frozen=True)
class SurfaceDistances:
    """Both surface figures of one pair of masks, in mm."""

    hd95_mm: float
    msd_mm: float


def surface_points_mm(mask: Mask, grid: Grid) -> FloatArray:
    """Centres of the mask's surface voxels in LPS mm, ``(n, 3)``.

    A surface voxel has at least one of its six face neighbours outside the mask; beyond the grid counts as outside, so
    an organ cut by the field of view has a surface there too, in the reference as in the prediction.
    """
    box = _bounding_box(mask)
    inside = mask[box]
    surface = inside & ~binary_erosion(inside, border_value=0)
    offset = np.array([part.start for part in box])
    return grid.to_lps_mm(np.argwhere(surface) + offset)


def surface_distances(reference: Mask, prediction: Mask, grid: Grid) -> SurfaceDistances:
    """HD95 and MSD of two masks ``(k, j, i)`` on ``grid``, neither of them empty.

    Each surface voxel's distance to the nearest surface voxel of the other mask, both ways. Distances are measured
    between voxel centres through the grid's affine, so any spacing and orientation is exact.

    Raises ``ValueError`` for an empty mask: a missed organ has no distance (scoring it 0 is a known error elsewhere).
    """
    if not reference.any() or not prediction.any():
        raise ValueError("surface distances need two non-empty masks")
    ours, theirs = surface_points_mm(reference, grid), surface_points_mm(prediction, grid)
    there, back = _nearest_mm(ours, theirs), _nearest_mm(theirs, ours)
    hd95 = max(float(np.percentile(there, HD_PERCENTILE)), float(np.percentile(back, HD_PERCENTILE)))
    return SurfaceDistances(hd95_mm=hd95, msd_mm=(float(there.mean()) + float(back.mean())) / 2.0)


def _nearest_mm(points: FloatArray, targets: FloatArray) -> FloatArray:
    """Distance from each of ``points`` to the nearest of ``targets``."""
    distances: FloatArray = np.asarray(KDTree(targets, balanced_tree=False).query(points)[0], dtype=np.float64)
    return distances


def _bounding_box(mask: npt.NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest box that holds every True voxel of a non-empty mask."""
    box = []
    for axis in range(mask.ndim):
        seen = np.flatnonzero(mask.any(axis=tuple(n for n in range(mask.ndim) if n != axis)))
        box.append(slice(int(seen[0]), int(seen[-1]) + 1))
    return tuple(box)
