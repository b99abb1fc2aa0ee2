"""The island policy: specks that no one would draw are taken out; larger parts stay, and an organ in pieces is told."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import generate_binary_structure, label

from pedcontour.volume import LabelMap

ISLAND_ML = 0.2
"""A cube of 6 mm: below what a physicist would draw by hand on a planning CT."""

ISLAND_SHARE = 0.01
"""And less than a hundredth of the organ's largest part, so that a small organ in two parts keeps both."""

SCATTERED_SHARE = 0.05
SCATTERED_ML = 1.0
"""An organ is scattered when more than this share of it, and more than this volume, lies apart from its largest part:
a network that draws an organ in two places is wrong in one of them."""

MANY_PARTED = frozenset({"stomach_bowel", "vertebrae"})
"""Organs that lie in many parts by nature: they keep every speck, and are never scattered."""


class Islands(NamedTuple):
    """The map without specks; in mL, the specks of each organ that had some, and of each scattered organ what then
    lies apart from its largest part."""

    labels: LabelMap
    specks_ml: dict[str, float]
    scattered_ml: dict[str, float]


def remove_islands(labels: LabelMap) -> Islands:
    """Take out parts that are smaller than both ``ISLAND_ML`` and ``ISLAND_SHARE`` of the organ's largest part.

    Parts touch by face, edge or corner.
    """
    voxels, voxel_ml = labels.voxels.copy(), labels.grid.voxel_volume_ml
    specks_ml, scattered_ml = {}, {}
    for number, organ in labels.organs.items():
        box = labels.boxes.get(number)
        if box is None or organ in MANY_PARTED:
            continue
        parts, count = label(labels.voxels[box] == number, structure=generate_binary_structure(3, 3))
        if count < 2:
            continue
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        small = (sizes * voxel_ml < ISLAND_ML) & (sizes < ISLAND_SHARE * sizes.max())
        small[0] = False
        if small.any():
            voxels[box][small[parts]] = 0
            specks_ml[organ] = int(sizes[small].sum()) * voxel_ml
        kept = int(sizes[~small].sum())
        apart = kept - int(sizes.max())
        if apart > SCATTERED_SHARE * kept and apart * voxel_ml > SCATTERED_ML:
            scattered_ml[organ] = apart * voxel_ml
    return Islands(LabelMap(labels.grid, voxels, labels.organs), specks_ml, scattered_ml)
