"""The shape of what was drawn: a kidney is one smooth, mostly convex bean; scraps are not.

Solidity, and the surface over that of a ball (the inverse of sphericity), are the usual descriptors of shape in image
analysis; elongation comes from the moments of inertia. All are counted on voxels, so none is exact for a smooth body.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import generate_binary_structure, label
from scipy.spatial import ConvexHull, QhullError

from pedcontour.postprocessing.evidence.crop import BoolArray, Crop

LARGEST = 20.0
"""Elongation and irregularity end here."""


def elongation(crop: Crop) -> float | None:
    """Longest over middle axis of the ellipsoid with the same moments, 1 for a ball; None of an empty mask."""
    points = np.argwhere(crop.mask) @ crop.axes_mm.T
    if len(points) == 0:
        return None
    spread = np.cov(points.T) if len(points) > 1 else np.zeros((3, 3))
    # A voxel is itself extended: without its own moment a flat mask would be endlessly thin.
    own = crop.axes_mm @ crop.axes_mm.T / 12.0
    _, middle, longest = np.linalg.eigvalsh(spread + own)
    return float(min(LARGEST, np.sqrt(longest / middle)))


def solidity(crop: Crop) -> float | None:
    """Volume over that of the convex hull of its voxels, 0 to 1; None where the hull cannot be made."""
    corners = _row_ends(crop.mask)
    if len(corners) == 0:
        return None
    try:
        hull = float(ConvexHull(corners @ crop.axes_mm.T).volume)
    except (QhullError, ValueError):
        return None
    return float(min(1.0, np.count_nonzero(crop.mask) * crop.voxel_mm3 / hull)) if hull > 0.0 else None


def irregularity(crop: Crop) -> float | None:
    """Surface over that of a ball of the same volume, at least about 1.5 for a ball of voxels; None of an empty
    mask."""
    count = np.count_nonzero(crop.mask)
    if count == 0:
        return None
    surface = 0.0
    padded = np.pad(crop.mask, 1)
    for axis in range(3):
        across = [n for n in range(3) if n != axis]
        face_mm2 = float(np.linalg.norm(np.cross(crop.axes_mm[:, across[0]], crop.axes_mm[:, across[1]])))
        surface += face_mm2 * np.count_nonzero(np.diff(padded, axis=axis))
    ball = float(np.cbrt(36.0 * np.pi * (count * crop.voxel_mm3) ** 2))
    return float(min(LARGEST, surface / ball))


def parts(crop: Crop) -> tuple[float, float] | None:
    """The share of the largest part, 0 to 1, and how many parts there are; parts touch by face, edge or corner."""
    numbered, count = label(crop.mask, structure=generate_binary_structure(3, 3))
    if count == 0:
        return None
    sizes = np.bincount(numbered.ravel())[1:]
    return float(sizes.max() / sizes.sum()), float(count)


def _row_ends(mask: BoolArray) -> npt.NDArray[np.float64]:
    """The corners of the first and last voxel of every row: all that a convex hull can touch."""
    k, j = np.nonzero(mask.any(axis=2))
    if len(k) == 0:
        return np.empty((0, 3))
    rows = mask[k, j]
    first = rows.argmax(axis=1) - 0.5
    last = mask.shape[2] - 0.5 - rows[:, ::-1].argmax(axis=1)
    ends = [(k + dk, j + dj, i) for dk in (-0.5, 0.5) for dj in (-0.5, 0.5) for i in (first, last)]
    return np.concatenate([np.column_stack(end) for end in ends])
