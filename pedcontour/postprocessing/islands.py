"""The island policy: specks that no one would draw are taken out, and nothing else is."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import find_objects, generate_binary_structure, label

from pedcontour.volume import LabelMap

ISLAND_ML = 0.2
"""A cube of 6 mm: below what a physicist would draw by hand on a planning CT."""

ISLAND_SHARE = 0.01
"""And less than a hundredth of the organ's largest part, so that a small organ in two parts keeps both."""

MANY_PARTED = frozenset({"stomach_bowel", "vertebrae"})
"""Organs that lie in many parts by nature: they keep every speck."""


def remove_islands(labels: LabelMap) -> tuple[LabelMap, dict[str, float]]:
    """Take out parts that are smaller than both ``ISLAND_ML`` and ``ISLAND_SHARE`` of the organ's largest part.

    Parts touch by face, edge or corner. Returns the new map and the removed volume in mL per organ that lost something.
    """
    voxels = labels.voxels.copy()
    removed = {}
    boxes = find_objects(labels.voxels)
    for number, organ in labels.organs.items():
        box = boxes[number - 1] if number <= len(boxes) else None
        if box is None or organ in MANY_PARTED:
            continue
        specks = _specks(labels.voxels[box] == number, labels.grid.voxel_volume_ml)
        if specks.any():
            voxels[box][specks] = 0
            removed[organ] = int(np.count_nonzero(specks)) * labels.grid.voxel_volume_ml
    return LabelMap(labels.grid, voxels, labels.organs), removed


def _specks(mask: npt.NDArray[np.bool_], voxel_ml: float) -> npt.NDArray[np.bool_]:
    parts, count = label(mask, structure=generate_binary_structure(3, 3))
    if count < 2:
        return np.zeros_like(mask)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    small = (sizes * voxel_ml < ISLAND_ML) & (sizes < ISLAND_SHARE * sizes.max())
    small[0] = False
    specks: npt.NDArray[np.bool_] = small[parts]
    return specks


SCATTERED_SHARE = 0.05
SCATTERED_ML = 1.0
"""An organ is scattered when more than this share of it, and more than this volume, lies apart from its largest part:
a network that draws an organ in two places is wrong in one of them."""


def scattered_ml(labels: LabelMap) -> dict[str, float]:
    """What lies apart from each organ's largest part, in mL, for organs that are scattered.

    Parts touch by face, edge or corner. Organs of many parts by nature are left out.
    """
    found = {}
    boxes = find_objects(labels.voxels)
    for number, organ in labels.organs.items():
        box = boxes[number - 1] if number <= len(boxes) else None
        if box is None or organ in MANY_PARTED:
            continue
        parts, count = label(labels.voxels[box] == number, structure=generate_binary_structure(3, 3))
        if count < 2:
            continue
        sizes = np.bincount(parts.ravel())[1:]
        apart = int(sizes.sum() - sizes.max())
        if apart > SCATTERED_SHARE * sizes.sum() and apart * labels.grid.voxel_volume_ml > SCATTERED_ML:
            found[organ] = apart * labels.grid.voxel_volume_ml
    return found
