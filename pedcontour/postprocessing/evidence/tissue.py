"""What the tissue inside looks like: Hounsfield units and their texture.

Parenchyma is even soft tissue, brighter than muscle after contrast agent; bowel holds gas, folds and stool; fat is
dark. Textbook HU: fat -190 to -30, gas below -200 once it shares a voxel with a wall.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion

from pedcontour.postprocessing.evidence.crop import BoolArray, Crop

FAT_HU = (-190.0, -30.0)
GAS_HU = -200.0

FEWEST_VOXELS = 8
"""Fewer voxels have no texture and no quartiles worth the name."""


@dataclass(frozen=True)
class Tissue:
    """HU inside: see ``Evidence``; None where too few voxels are left to tell."""

    median: float | None = None
    spread: float | None = None
    texture: float | None = None
    fat_share: float | None = None
    gas_share: float | None = None


def tissue(crop: Crop) -> Tissue:
    """Measure inside the organ, a voxel off its edge where it is thick enough, so that its rim does not count."""
    inside = core(crop.mask)
    hu = crop.image[inside]
    if hu.size == 0:
        return Tissue()
    low, middle, high = np.percentile(hu, (25.0, 50.0, 75.0))
    return Tissue(
        median=float(middle),
        spread=float(high - low) if hu.size >= FEWEST_VOXELS else None,
        texture=_texture(crop.image, inside),
        fat_share=float(np.mean((hu > FAT_HU[0]) & (hu < FAT_HU[1]))),
        gas_share=float(np.mean(hu <= GAS_HU)),
    )


def core(mask: BoolArray) -> BoolArray:
    """The mask without its outer voxels in the plane of the slices; all of it where little would be left."""
    inner = binary_erosion(mask, np.ones((1, 3, 3), dtype=bool))
    return np.asarray(inner) if np.count_nonzero(inner) >= max(FEWEST_VOXELS, 0.1 * np.count_nonzero(mask)) else mask


def median_hu(values: npt.NDArray[np.number]) -> float | None:
    """The median of some voxels' HU; None of none, or where they are not finite."""
    return float(np.median(values)) if values.size and np.isfinite(values).all() else None


def _texture(image: npt.NDArray[np.float32], inside: BoolArray) -> float | None:
    """Root mean square of the difference between neighbours along all axes, over the square root of two: pure noise
    gives its own standard deviation."""
    steps = []
    for axis in range(3):
        here = [slice(None)] * 3
        following = [slice(None)] * 3
        here[axis], following[axis] = slice(None, -1), slice(1, None)
        both = inside[tuple(here)] & inside[tuple(following)]
        steps.append((image[tuple(following)] - image[tuple(here)])[both])
    differences = np.concatenate(steps)
    return float(np.sqrt(np.mean(np.square(differences)) / 2.0)) if differences.size >= FEWEST_VOXELS else None
