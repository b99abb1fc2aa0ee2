"""Three ways in which others read contours, in numpy: what is inside is decided at pixel centres.

They differ in what happens to a centre that lies on the line, and in whether points are rounded to pixels first. The
plain versions stand in ``tests/unit/dicom/test_contours.py``; these read 300 slices in seconds.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from pedcontour.dicom.rasterise import contour_points
from pedcontour.dicom.series import CtSeries
from pedcontour.volume import Box, FloatArray

CONVENTIONS = ("pixel centre", "boundary inclusive", "round and fill")

FINENESS = 1000
"""Lines are looked at in whole thousandths of a pixel: our coordinates have three decimals."""

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]


def masks_by(convention: str, rtstruct: Dataset, series: CtSeries) -> Iterator[tuple[int, Box, Mask]]:
    """Number, box and mask in that box, axes ``(k, j, i)``, of every region under one of ``CONVENTIONS``."""
    for item in rtstruct.ROIContourSequence:
        rings = [series.volume.grid.to_index(contour_points(contour)) for contour in item.ContourSequence]
        planes = np.array([round(ring[:, 0].mean()) for ring in rings])
        flat = [ring[:, 1:] for ring in rings]
        points = np.concatenate(flat)
        low, high = np.floor(points.min(axis=0)).astype(int) - 1, np.ceil(points.max(axis=0)).astype(int) + 2
        box = (slice(planes.min(), planes.max() + 1), slice(low[0], high[0]), slice(low[1], high[1]))
        shape = (int(np.ptp(planes)) + 1, *(high - low).tolist())
        mask = _filled(convention, [ring - low for ring in flat], planes - planes.min(), shape)
        yield int(item.ReferencedROINumber), box, mask


def _filled(convention: str, rings: Sequence[FloatArray], planes: Counts, shape: tuple[int, ...]) -> Mask:
    if convention == "round and fill":
        rings = [np.rint(ring) for ring in rings]
    starts = np.rint(np.concatenate(rings) * FINENESS).astype(np.int64)
    ends = np.rint(np.concatenate([np.roll(ring, -1, axis=0) for ring in rings]) * FINENESS).astype(np.int64)
    plane = np.repeat(planes, [len(ring) for ring in rings])
    inside = _parity(starts, ends, plane, shape)
    border = _on_line(starts, ends, plane, shape)
    return inside & ~border if convention == "pixel centre" else inside | border


def _parity(starts: Points, ends: Points, plane: Counts, shape: tuple[int, ...]) -> Mask:
    """Centres with an odd number of lines to their left."""
    low, high = np.minimum(starts[:, 0], ends[:, 0]), np.maximum(starts[:, 0], ends[:, 0])
    edge, row = _whole_between(-(-low // FINENESS), -(-high // FINENESS))  # the upper end is the next line's
    share = (row * FINENESS - starts[edge, 0]) / (ends[edge, 0] - starts[edge, 0])
    column = starts[edge, 1] + share * (ends[edge, 1] - starts[edge, 1])
    crossings = np.zeros((*shape[:2], shape[2] + 1), np.int32)
    np.add.at(crossings, (plane[edge], row, np.ceil(column / FINENESS).astype(np.int64)), 1)
    return np.asarray(np.cumsum(crossings, axis=2)[..., :-1] % 2 == 1)


def _on_line(starts: Points, ends: Points, plane: Counts, shape: tuple[int, ...]) -> Mask:
    """Centres that a line passes exactly, the ends included."""
    touched = np.zeros(shape, np.bool_)
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    level = (low[:, 0] == high[:, 0]) & (low[:, 0] % FINENESS == 0)
    edge, column = _whole_between(-(-low[level, 1] // FINENESS), high[level, 1] // FINENESS + 1)
    touched[plane[level][edge], low[level][edge, 0] // FINENESS, column] = True
    steep = low[:, 0] < high[:, 0]
    starts, ends, plane = starts[steep], ends[steep], plane[steep]
    edge, row = _whole_between(-(-low[steep, 0] // FINENESS), high[steep, 0] // FINENESS + 1)
    rise, run = (ends - starts)[edge].T
    across = (row * FINENESS - starts[edge, 0]) * run
    column = starts[edge, 1] + across // rise
    exact = (across % rise == 0) & (column % FINENESS == 0)
    touched[plane[edge][exact], row[exact], column[exact] // FINENESS] = True
    return touched


def _whole_between(first: Counts, end: Counts) -> tuple[Counts, Counts]:
    """For every line, each whole number from ``first`` on and below ``end``: the line's index, and the number."""
    count = np.maximum(end - first, 0)
    line = np.repeat(np.arange(len(count)), count)
    return line, np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count) + first[line]
