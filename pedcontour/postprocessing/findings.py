"""The bare facts about every organ that a network drew: how much, where, and whether the images end on it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import find_objects

from pedcontour.orientation import AxisChange
from pedcontour.volume import FloatArray, LabelMap

Face = Literal["head", "feet", "front", "back", "left", "right"]
"""A border of the field of view, named after the patient's side that lies beyond it."""

FACES: tuple[tuple[Face, Face], ...] = (("feet", "head"), ("front", "back"), ("right", "left"))
"""The borders at the low and the high end of each canonical axis ``(k, j, i)``: see ``CANONICAL_DIRECTIONS``."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What was drawn of one organ.

    ``centre_mm`` is the centroid in LPS mm; ``feet_mm`` and ``head_mm`` are the heights of the outer faces of its
    lowest and highest voxel layer above the lowest layer's outer face of the whole stack, measured towards the head
    along the grid. ``touches`` names the borders of the field of view that it reaches.
    """

    organ: str
    volume_ml: float
    centre_mm: FloatArray
    feet_mm: float
    head_mm: float
    touches: frozenset[Face]


def find_organs(labels: LabelMap) -> dict[str, Finding]:
    """The facts about every organ that has a voxel, by organ id; organs without one are missing from the answer."""
    change = AxisChange.to_canonical(labels.grid)
    grid, voxels = change.grid(labels.grid), change.array(labels.voxels)
    boxes = find_objects(voxels)
    found = {}
    for label, organ in sorted(labels.organs.items()):
        box = boxes[label - 1] if label <= len(boxes) else None
        if box is None:
            continue
        mask = voxels[box] == label
        profiles = [mask.sum(axis=tuple(m for m in range(3) if m != n)) for n in range(3)]
        count = int(profiles[0].sum())
        centre = [float(np.arange(box[n].start, box[n].stop) @ profiles[n]) / count for n in range(3)]
        found[organ] = Finding(
            organ=organ,
            volume_ml=count * grid.voxel_volume_ml,
            centre_mm=grid.to_lps_mm(centre),
            feet_mm=box[0].start * grid.spacing_mm[0],
            head_mm=box[0].stop * grid.spacing_mm[0],
            touches=_touched(box, grid.shape),
        )
    return found


def stack_height_mm(labels: LabelMap) -> float:
    """How far the images reach from feet to head, outer face to outer face, in mm."""
    grid = AxisChange.to_canonical(labels.grid).grid(labels.grid)
    return grid.shape[0] * grid.spacing_mm[0]


def _touched(box: tuple[slice, ...], shape: tuple[int, int, int]) -> frozenset[Face]:
    faces: set[Face] = set()
    for part, size, (low, high) in zip(box, shape, FACES, strict=True):
        if part.start == 0:
            faces.add(low)
        if part.stop == size:
            faces.add(high)
    return frozenset(faces)
