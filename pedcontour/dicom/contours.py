"""From masks to closed polygons, and from slice coordinates to the patient.

Where a contour runs decides its accuracy. Through the centres of the outermost voxels it loses half a voxel all round;
on the voxels' edges, readers that round disagree. Marching squares a hair inside the edge gives the mask back under
every reader's convention that we know of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

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

SQUARE = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])


BATCH_PIXELS = 1 << 17
"""Slices are traced together up to so many pixels: a call costs as much as a small slice, and this fits a cache."""


def trace_slice(mask: npt.NDArray[np.bool_]) -> list[FloatArray]:
    """Rings around the organ in one slice: outer borders and holes, to be read by the even-odd rule.

    ``mask`` has the axes ``(j, i)``. A ring is ``(n, 2)``, n >= 3, fractional ``(j, i)``, not closed by a repeated
    point, without points in the middle of straight edges. Voxels that touch only at a corner get rings of their own.
    """
    return [ring for _, ring in trace_mask(mask[None])]


def trace_mask(mask: npt.NDArray[np.bool_], *, keyholes: bool = False) -> Iterator[tuple[int, FloatArray]]:
    """Rings of a mask ``(k, j, i)``, slice by slice: the slice's index and the ring as in ``trace_slice``.

    Give it the organ's own box: tracing whole slices takes many times longer. With ``keyholes``, holes are cut into the
    ring around them instead of being rings of their own.
    """
    together = max(1, BATCH_PIXELS // ((mask.shape[1] + 2) * (mask.shape[2] + 2)))
    for first in range(0, mask.shape[0], together):
        for k, own in groupby(_traced(mask[first : first + together]), key=itemgetter(0)):
            rings = [ring for _, ring in own]
            for ring in join_holes(rings) if keyholes else rings:
                yield first + k, ring


def _traced(mask: npt.NDArray[np.bool_]) -> Iterator[tuple[int, FloatArray]]:
    """The rings of all slices from one run over one sheet, on which every slice has a border of background."""
    seen = [np.flatnonzero(mask.any(axis=axes)) for axes in ((0, 2), (0, 1))]
    if not seen[0].size:
        return
    low, high = np.array([s[0] for s in seen]), np.array([s[-1] + 1 for s in seen])
    slices, (rows, columns) = len(mask), (high - low).tolist()
    sheet = np.zeros((slices, rows + 2, columns + 2))
    sheet[:, 1:-1, 1:-1] = mask[:, low[0] : high[0], low[1] : high[1]]
    generator = contour_generator(z=sheet.reshape(-1, columns + 2), line_type=LineType.ChunkCombinedOffset)
    chunks: Any = generator.lines(LEVEL)
    (xy,), (offsets,) = chunks
    closed, ends = xy[:, ::-1], offsets.astype(np.int64)[1:]
    points = np.rint(np.delete(closed, ends - 1, axis=0) * STEPS).astype(np.int64)  # each ring repeats its first point
    starts = np.concatenate(([0], ends[:-1])) - np.arange(len(ends))
    planes = points[starts, 0] // (STEPS * (rows + 2))
    points += STEPS * (low - 1)
    lengths = np.diff(starts, append=len(points))
    points[:, 0] -= np.repeat(planes * (STEPS * (rows + 2)), lengths)
    _square_up(points, starts[lengths == 4])
    bends = _bends(points, starts)
    starts = np.concatenate(([0], np.cumsum(bends)))[starts]
    yield from zip(planes.tolist(), np.split(points[bends] / STEPS, starts[1:]), strict=True)


def _square_up(points: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> None:
    """Turn diamonds into squares, in place; ``starts`` are where rings of four points begin."""
    rings = points[starts[:, None] + np.arange(4)]
    width = np.ptp(rings, axis=1).max(axis=1)
    diamonds = np.isin(width, SQUARED)
    middle = rings[diamonds].sum(axis=1, keepdims=True) // 4
    points[starts[diamonds, None] + np.arange(4)] = middle + width[diamonds, None, None] // 2 * SQUARE


def _bends(points: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Where a ring changes its direction."""
    ahead = np.roll(points, -1, axis=0)
    ahead[np.append(starts[1:], len(points)) - 1] = points[starts]
    after = ahead - points
    before = np.roll(after, 1, axis=0)
    before[starts] = after[np.append(starts[1:], len(points)) - 1]
    return np.asarray(before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0])


@dataclass(frozen=True, eq=False)
class SlicePlanes:
    """Where the slices of a series lie, each by its own header, in LPS mm, ``(slice, 3)``: the centre of the first
    pixel, and the steps to the next row and to the next column.

    Position, orientation and spacing of each slice and nothing else, so that the read-back, which uses the volume's
    grid, would notice if the two disagreed.
    """

    first_mm: FloatArray
    down_mm: FloatArray
    across_mm: FloatArray

    @classmethod
    def of(cls, headers: Sequence[Dataset]) -> "SlicePlanes":
        """The planes of some slices in their order."""
        positions, orientations, spacings = (
            np.array([[float(v) for v in header[keyword].value] for header in headers])
            for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
        )
        return cls(positions, orientations[:, 3:] * spacings[:, :1], orientations[:, :3] * spacings[:, 1:])

    def to_lps_mm(self, k: npt.ArrayLike, points: FloatArray) -> FloatArray:
        """Map points ``(n, 2)``, fractional ``(j, i)`` of slice ``k``, one for all or ``(n,)``, to LPS mm ``(n, 3)``.

        It is equation C.7.6.2.1-1 of PS3.3.
        """
        k = np.broadcast_to(np.asarray(k), len(points))
        lps: FloatArray = self.first_mm[k] + points[:, :1] * self.down_mm[k] + points[:, 1:] * self.across_mm[k]
        return lps
