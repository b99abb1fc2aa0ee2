"""The patient's size, measured on the CT itself: an age in a header may be missing, wrong or removed."""

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


def measure_body(image: Volume) -> Body:
    """Measure the patient's outline on up to ``SAMPLED_SLICES`` axial slices of a CT in Hounsfield units."""
    change = AxisChange.to_canonical(image.grid)
    grid, voxels = change.grid(image.grid), change.array(image.voxels)
    steps = [max(1, round(SAMPLE_MM / spacing)) for spacing in grid.spacing_mm[1:]]
    pixel_mm2 = steps[0] * steps[1] * grid.spacing_mm[1] * grid.spacing_mm[2]
    areas, centres = [], []
    for k in np.unique(np.linspace(0, grid.shape[0] - 1, SAMPLED_SLICES).round().astype(int)):
        outline = _outline(voxels[k, :: steps[0], :: steps[1]] > SKIN_HU)
        area = np.count_nonzero(outline) * pixel_mm2
        if area < np.pi / 4 * SMALLEST_BODY_MM**2:
            continue
        rows, columns = np.nonzero(outline)
        areas.append(area)
        centres.append(grid.to_lps_mm([float(k), rows.mean() * steps[0], columns.mean() * steps[1]]))
    if not areas:
        return Body(None, None)
    return Body(float(np.sqrt(4 / np.pi * np.median(areas))), np.mean(centres, axis=0))


def _outline(dense: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The largest dense region of one slice, with its holes (lungs, bowel gas) filled."""
    opened = binary_opening(dense, iterations=OPENING_STEPS)
    regions, count = label(opened)
    if count == 0:
        return np.zeros_like(dense)
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0
    filled: npt.NDArray[np.bool_] = binary_fill_holes(regions == int(sizes.argmax()))
    return filled
