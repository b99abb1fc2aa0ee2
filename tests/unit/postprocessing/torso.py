"""A torso of boxes for tests: enough anatomy for levels and sides, small enough to judge in milliseconds."""

import numpy as np

from pedcontour.organs import default_labels
from pedcontour.orientation import CANONICAL_DIRECTIONS
from pedcontour.volume import Grid, LabelMap, Volume

SPACING_MM = 4.0
LEVEL_MM = 20.0
"""Height of a vertebral level in the torso: that of a child of about six years."""
BOTTOM_LEVEL = 21.0
"""The level at the stack's lower face."""
SHAPE = (100, 48, 60)
"""(k, j, i): from level 1 to 21, 400 mm high; 192 mm deep, 240 mm wide."""

SPINE = (34, 30)
"""(j, i) of the spine: at the back, in the middle."""

BOXES: dict[str, tuple[float, float, slice, slice]] = {
    "vertebrae": (1.0, 21.0, slice(32, 37), slice(28, 33)),
    "spinal_cord": (1.0, 14.0, slice(37, 39), slice(29, 32)),
    "lung_right": (2.0, 9.0, slice(12, 30), slice(14, 26)),
    "lung_left": (2.0, 9.0, slice(12, 30), slice(36, 47)),
    "heart": (5.0, 8.8, slice(12, 24), slice(28, 36)),
    "liver": (9.2, 15.0, slice(10, 26), slice(13, 30)),
    "spleen": (10.0, 13.5, slice(22, 30), slice(40, 47)),
    "stomach_bowel": (10.0, 20.0, slice(10, 20), slice(32, 40)),
    "kidney_left": (12.0, 15.5, slice(28, 36), slice(36, 40)),
    "kidney_right": (12.5, 16.0, slice(28, 36), slice(21, 25)),
    "pancreas": (13.0, 15.0, slice(22, 25), slice(31, 40)),
}
"""Upper and lower level, rows, columns of each organ; low columns are the patient's right."""


def torso(without: frozenset[str] = frozenset()) -> tuple[Volume, LabelMap]:
    """A canonical CT (LPS, head up) and the labels of ``BOXES``, all 19 organs known, those of ``without`` not
    drawn."""
    affine = np.eye(4)
    affine[:3, :3] = CANONICAL_DIRECTIONS * SPACING_MM
    grid = Grid(SHAPE, affine)
    hu = np.full(SHAPE, -1000, np.int16)
    rows, columns = np.ogrid[: SHAPE[1], : SHAPE[2]]
    body = ((rows - 23.5) / 18) ** 2 + ((columns - 29.5) / 22) ** 2 <= 1.0
    hu[:, body] = 20
    voxels = np.zeros(SHAPE, np.uint8)
    labels = default_labels()
    label_of = {organ: label for label, organ in labels.items()}
    for organ, (upper, lower, across, along) in BOXES.items():
        if organ not in without:
            voxels[k_of(lower) : k_of(upper), across, along] = label_of[organ]
    return Volume(grid, hu), LabelMap(grid, voxels, labels)


def k_of(level: float) -> int:
    """The slice at a vertebral level."""
    return round((BOTTOM_LEVEL - level) * LEVEL_MM / SPACING_MM)


def cut(image: Volume, labels: LabelMap, upper: float, lower: float) -> tuple[Volume, LabelMap]:
    """The same patient scanned between two levels only."""
    part = slice(k_of(lower), k_of(upper))
    affine = image.grid.affine.copy()
    affine[:3, 3] = image.grid.to_lps_mm([part.start, 0, 0])
    grid = Grid((part.stop - part.start, *SHAPE[1:]), affine)
    return Volume(grid, image.voxels[part]), LabelMap(grid, labels.voxels[part], labels.organs)


def painted(labels: LabelMap, organ: str, box: tuple[slice, slice, slice]) -> LabelMap:
    """The same labels with one more box of an organ."""
    voxels = labels.voxels.copy()
    voxels[box] = labels.label_of(organ)
    return LabelMap(labels.grid, voxels, labels.organs)


def sure_of(labels: LabelMap, probability: float = 0.95) -> dict[str, float]:
    """The same mean probability for every organ drawn."""
    return {organ: probability for label, organ in labels.organs.items() if (labels.voxels == label).any()}
