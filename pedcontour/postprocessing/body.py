"""The patient's size, measured on the CT itself: an age in a header may be missing, wrong or removed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_fill_holes, binary_opening, label

from pedcontour.orientation import AxisChange
from pedcontour.volume import FloatArray, Volume

SKIN_HU = -300.0
"""Between air (-1000) and fat (-100): what lies above belongs to the body or to what it touches."""

SAMPLED_SLICES = 24
"""Enough for a stable median over a trunk, few enough to take milliseconds."""

SAMPLE_MM = 3.0
"""In-plane sampling: a body's area changes by well under a percent."""

OPENING_STEPS = 2
"""Opening by about 6 mm cuts couch tops, lines and sleeves off the body."""

SMALLEST_BODY_MM = 50.0
"""Less than any newborn's trunk: a smaller outline is no body."""


@dataclass(frozen=True, eq=False)
class Body:
    """The outline of the patient in the field of view.

    ``diameter_mm`` is the effective diameter, that of a circle with the outline's area (AAPM report 204 uses it for
    size), as the median over slices; where the field of view cuts the body it is too small, never too large.
    ``centre_mm`` is the outline's mean centre in LPS mm. Both are None when no body was seen.
    """

    diameter_mm: float | None
    centre_mm: FloatArray | None


@dataclass(frozen=True, eq=False)
class Outline:
    """The trunk on one sampled slice: ``inside`` of the canonical slice ``k``, every ``steps``-th row and column.

    Its holes (lungs, bowel gas) are inside, also those that only the border of the field of view closes.
    """

    k: int
    steps: tuple[int, int]
    inside: npt.NDArray[np.bool_]


def outline_body(image: Volume) -> tuple[Outline, ...]:
    """The trunk on up to ``SAMPLED_SLICES`` axial slices of a CT in Hounsfield units; slices without one left out."""
    change = AxisChange.to_canonical(image.grid)
    grid, voxels = change.grid(image.grid), change.array(image.voxels)
    steps = (max(1, round(SAMPLE_MM / grid.spacing_mm[1])), max(1, round(SAMPLE_MM / grid.spacing_mm[2])))
    pixel_mm2 = steps[0] * steps[1] * grid.spacing_mm[1] * grid.spacing_mm[2]
    outlines = []
    for k in np.unique(np.linspace(0, grid.shape[0] - 1, SAMPLED_SLICES).round().astype(int)):
        inside = _largest_region(voxels[k, :: steps[0], :: steps[1]] > SKIN_HU)
        if np.count_nonzero(inside) * pixel_mm2 >= np.pi / 4 * SMALLEST_BODY_MM**2:
            outlines.append(Outline(int(k), steps, inside))
    return tuple(outlines)


def measure_body(image: Volume, outlines: Sequence[Outline] | None = None) -> Body:
    """The patient's size and middle on a CT in Hounsfield units; ``outlines`` where ``outline_body`` gave them."""
    grid = AxisChange.to_canonical(image.grid).grid(image.grid)
    areas, centres = [], []
    for outline in outline_body(image) if outlines is None else outlines:
        rows, columns = np.nonzero(outline.inside)
        down, across = outline.steps
        areas.append(rows.size * down * across * grid.spacing_mm[1] * grid.spacing_mm[2])
        centres.append(grid.to_lps_mm([float(outline.k), rows.mean() * down, columns.mean() * across]))
    if not areas:
        return Body(None, None)
    return Body(float(np.sqrt(4 / np.pi * np.median(areas))), np.mean(centres, axis=0))


def _largest_region(dense: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The largest dense region of one slice, with its holes filled."""
    # Filled before it is opened: a child's chest wall is thinner than the opening and would leave the lungs open.
    opened = binary_opening(_filled(dense), iterations=OPENING_STEPS)
    regions, count = label(opened)
    if count == 0:
        return np.zeros_like(dense)
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0
    return _filled(regions == int(sizes.argmax()))


def _filled(region: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    closed = np.pad(region, 1)
    for border in (closed, closed[::-1], closed.T, closed.T[::-1]):
        _close_border(ring=border[0], edge=border[1])
    filled: npt.NDArray[np.bool_] = binary_fill_holes(closed)[1:-1, 1:-1]
    return filled


def _close_border(ring: npt.NDArray[np.bool_], edge: npt.NDArray[np.bool_]) -> None:
    """Draw the border of the field of view between the first and the last place where it cuts the body."""
    cut = np.flatnonzero(edge)
    if cut.size:
        ring[cut[0] : cut[-1] + 1] = True
