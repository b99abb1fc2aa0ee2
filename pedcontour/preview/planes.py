"""Three planes cut out of a CT and its labels, as a radiologist expects to see them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_opening, find_objects, label

from pedcontour.orientation import AxisChange
from pedcontour.volume import LabelMap, Volume

WINDOW_HU = 400.0
LEVEL_HU = 40.0
"""The abdominal soft-tissue window, W 400 L 40."""

SKIN_HU = -300.0
"""Above air, below fat: where the patient begins, for framing."""

FRAME_MM = 12.0
"""Air left around the patient."""

SAMPLED_SLICES = 24

DENSE_SHARE = 0.25
"""A pixel belongs to the patient's silhouette when it is dense in this share of the slices."""

COUCH_MM = 12.0
"""What is thinner than this in the silhouette, a couch top or a line, is not the patient."""

LIMB_SHARE = 0.05
"""Parts of the silhouette of this share of the largest one belong to the patient too: arms beside the body."""


@dataclass(frozen=True, eq=False)
class Plane:
    """One cut: ``grey`` 0-255 and ``labels``, both (rows, columns), row 0 on top.

    ``mm`` is the size of a pixel (row, column); ``letters`` are the patient's sides at the left, right, top and
    bottom edge; ``cuts`` are the positions, in pixel columns and rows, where the other two planes pass through.
    """

    name: str
    grey: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    mm: tuple[float, float]
    letters: tuple[str, str, str, str]
    cuts: tuple[float, float]

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height in mm."""
        rows, columns = self.grey.shape
        return columns * self.mm[1], rows * self.mm[0]


def cut_planes(image: Volume, labels: LabelMap, through: LabelMap | None = None) -> tuple[Plane, Plane, Plane]:
    """The axial, coronal and sagittal plane through the most organs, of ``through`` where given, framed to the patient.

    Radiological convention: the patient's right on the image's left, head up. Image and labels share one grid, of any
    orientation; an oblique rest of it stays oblique.
    """
    change = AxisChange.to_canonical(image.grid)
    grid = change.grid(image.grid)
    hu, marks = change.array(image.voxels), change.array(labels.voxels)
    axes = _weights(marks, labels) if through is None else _weights(change.array(through.voxels), through)
    rows, columns = _frame(hu, grid.spacing_mm)
    k, j, i = (
        _best(axes[0], (0, hu.shape[0])),
        _best(axes[1], (rows.start, rows.stop)),
        _best(axes[2], (columns.start, columns.stop)),
    )
    dk, dj, di = grid.spacing_mm
    up = slice(None, None, -1)  # canonical k grows towards the head: reversed, the head is on top
    from_top = hu.shape[0] - 1 - k
    return (
        Plane(
            "Axial",
            _grey(hu[k, rows, columns]),
            marks[k, rows, columns],
            (dj, di),
            ("R", "L", "A", "P"),
            (i - columns.start + 0.5, j - rows.start + 0.5),
        ),
        Plane(
            "Coronal",
            _grey(hu[up, j, columns]),
            marks[up, j, columns],
            (dk, di),
            ("R", "L", "H", "F"),
            (i - columns.start + 0.5, from_top + 0.5),
        ),
        Plane(
            "Sagittal",
            _grey(hu[up, rows, i]),
            marks[up, rows, i],
            (dk, dj),
            ("A", "P", "H", "F"),
            (j - rows.start + 0.5, from_top + 0.5),
        ),
    )


def _grey(hu: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    low = LEVEL_HU - WINDOW_HU / 2
    shade = (hu.astype(np.float32) - low) / WINDOW_HU
    return np.asarray(np.clip(shade, 0.0, 1.0) * 255.0).astype(np.uint8)


def _weights(marks: npt.NDArray[np.uint8], labels: LabelMap) -> list[npt.NDArray[np.float64]]:
    """For each slice across each axis: how many organs it shows, each by the root of its area over its largest area.

    The root lets an organ count that is cut well off its middle.
    """
    weights = [np.zeros(size) for size in marks.shape]
    boxes = find_objects(marks)
    for number in labels.organs:
        box = boxes[number - 1] if number <= len(boxes) else None
        if box is None:
            continue
        mask = marks[box] == number
        for axis, weight in enumerate(weights):
            areas = mask.sum(axis=tuple(n for n in range(3) if n != axis), dtype=np.float64)
            weight[box[axis]] += np.sqrt(areas / areas.max())
    return weights


def _best(weight: npt.NDArray[np.float64], within: tuple[int, int]) -> int:
    """The slice of most weight, or the middle of the frame when nothing was drawn."""
    return int(weight.argmax()) if weight.max() > 0 else sum(within) // 2


def _frame(hu: npt.NDArray[Any], spacing_mm: tuple[float, float, float]) -> tuple[slice, slice]:
    """Rows and columns that hold the patient, with a margin; the whole field of view when no patient is seen."""
    sampled = hu[:: max(1, hu.shape[0] // SAMPLED_SLICES)]
    dense = (sampled > SKIN_HU).mean(axis=0) > DENSE_SHARE
    steps = max(1, round(COUCH_MM / 2 / min(spacing_mm[1:])))
    regions, count = label(binary_opening(dense, iterations=steps))
    if count == 0:
        return slice(0, hu.shape[1]), slice(0, hu.shape[2])
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0
    patient = (sizes >= LIMB_SHARE * sizes.max())[regions] & (regions > 0)
    frame = []
    for axis in (0, 1):
        seen = np.flatnonzero(patient.any(axis=1 - axis))
        margin = round(FRAME_MM / spacing_mm[1 + axis])
        frame.append(slice(max(0, int(seen[0]) - margin), min(hu.shape[1 + axis], int(seen[-1]) + margin + 1)))
    return frame[0], frame[1]
