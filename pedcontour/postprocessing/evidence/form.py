"""The shape of what was drawn: a kidney is one smooth, mostly convex bean; scraps are not.

Solidity, and the surface over that of a ball (the inverse of sphericity), are the usual descriptors of shape in image
analysis; elongation comes from the moments of inertia. All are counted on voxels, so none is exact for a smooth body.
The hollow is our own: the renal hilum is where vessels and fat enter the bean, so its middle lies off that of its hull.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import generate_binary_structure, label
from scipy.spatial import ConvexHull, QhullError

from pedcontour.postprocessing.evidence.crop import BoolArray, Crop
from pedcontour.volume import FloatArray

LARGEST = 20.0
"""Elongation and irregularity end here."""


@dataclass(frozen=True, eq=False)
class Hull:
    """The convex hull of an organ's voxels: its volume, and its centroid in LPS mm from the crop's first voxel."""

    volume_mm3: float
    centroid_mm: FloatArray


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


def hull_of(crop: Crop) -> Hull | None:
    """The convex hull; None where it cannot be made."""
    corners = _row_ends(crop.mask)
    if len(corners) == 0:
        return None
    try:
        hull = ConvexHull(corners @ crop.axes_mm.T)
    except (QhullError, ValueError):
        return None
    # Every face makes a tetrahedron with a point inside; the hull's centroid is theirs, weighed by volume.
    inside = hull.points[hull.vertices].mean(axis=0)
    edges = hull.points[hull.simplices] - inside
    volumes = np.abs(np.linalg.det(edges)) / 6.0
    if not volumes.sum() > 0.0:
        return None
    return Hull(float(volumes.sum()), inside + volumes @ edges.sum(axis=1) / (4.0 * volumes.sum()))


def solidity(crop: Crop, hull: Hull) -> float:
    """Volume over that of the convex hull of its voxels, 0 to 1."""
    return float(min(1.0, np.count_nonzero(crop.mask) * crop.voxel_mm3 / hull.volume_mm3))


def hollow(crop: Crop, hull: Hull) -> FloatArray:
    """From the middle of the hull to that of the organ, LPS, over the cube root of the organ's volume: it points away
    from where the organ is hollow, and is nothing for a convex body."""
    middle = np.argwhere(crop.mask).mean(axis=0) @ crop.axes_mm.T
    size_mm = np.cbrt(np.count_nonzero(crop.mask) * crop.voxel_mm3)
    shift: FloatArray = (middle - hull.centroid_mm) / size_mm
    return shift


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
