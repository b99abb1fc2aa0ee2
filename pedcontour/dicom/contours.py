"""From masks to closed polygons, and from slice coordinates to the patient.

Where a contour runs decides its accuracy. Through the centres of the outermost voxels it loses half a voxel all round;
on the voxels' edges, readers that round disagree. Marching squares a hair inside the edge gives the mask back under
every reader's convention that we know of.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from contourpy import LineType, contour_generator
from pydicom import Dataset

from pedcontour.dicom.keyhole import join_holes
from pedcontour.volume import FloatArray

LEVEL = 0.51
"""Where between background (0) and organ (1) the contour runs: 0.49 of a voxel beyond the outermost voxel centres.

At 0.5 it would run where a rounding reader may go either way, and corners would touch diagonal neighbours.
"""

STEPS = 100
"""All coordinates of a traced ring are whole hundredths of a voxel, so whole numbers decide what is collinear."""

SQUARED = (98, 102)
"""Widths, in hundredths, of the rings around a voxel alone and a hole of one voxel: 2 * (1 - LEVEL) and 2 * LEVEL.

They come out as diamonds, which cover half of the voxel, so that a reader that counts area could take it either way.
They are drawn as squares of that width instead.
"""

SQUARE = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [1.0, -1.0]])


def trace_slice(mask: npt.NDArray[np.bool_]) -> list[FloatArray]:
    """Rings around the organ in one slice: outer borders and holes, to be read by the even-odd rule.

    ``mask`` has the axes ``(j, i)``. A ring is ``(n, 2)``, n >= 3, fractional ``(j, i)``, not closed by a repeated
    point, without points in the middle of straight edges. Voxels that touch only at a corner get rings of their own.
    """
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2))
    padded[1:-1, 1:-1] = mask
    lines = contour_generator(z=padded, line_type=LineType.Separate).lines(LEVEL)
    return [_tidy(np.asarray(line)[:-1, ::-1] - 1.0) for line in lines]


def trace_mask(mask: npt.NDArray[np.bool_], *, keyholes: bool = False) -> Iterator[tuple[int, FloatArray]]:
    """Rings of a mask ``(k, j, i)``, slice by slice: the slice's index and the ring as in ``trace_slice``.

    Give it the organ's own box: tracing whole slices takes many times longer. With ``keyholes``, holes are cut into the
    ring around them instead of being rings of their own.
    """
    for k in range(mask.shape[0]):
        if mask[k].any():
            rings = trace_slice(mask[k])
            for ring in join_holes(rings) if keyholes else rings:
                yield k, ring


def _tidy(ring: FloatArray) -> FloatArray:
    points = np.rint(ring * STEPS).astype(np.int64)
    width = int(np.ptp(points, axis=0).max())
    if len(points) == 4 and width in SQUARED:
        return np.asarray(ring.mean(axis=0) + width / STEPS / 2 * SQUARE)
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    bends = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return np.asarray(points[bends] / STEPS)


def slice_to_lps_mm(header: Dataset, points: FloatArray) -> FloatArray:
    """Map points ``(..., 2)``, fractional ``(j, i)`` of one slice, to LPS mm ``(..., 3)`` (PS3.3 equation C.7.6.2.1-1).

    It uses the slice's own position, orientation and spacing and nothing else, so that the read-back, which uses the
    volume's grid, would notice if the two disagreed.
    """
    origin = np.array([float(v) for v in header.ImagePositionPatient])
    along_row, along_column = np.array([float(v) for v in header.ImageOrientationPatient]).reshape(2, 3)
    row_spacing_mm, column_spacing_mm = (float(v) for v in header.PixelSpacing)
    lps: FloatArray = (
        origin + points[..., :1] * row_spacing_mm * along_column + points[..., 1:] * column_spacing_mm * along_row
    )
    return lps
