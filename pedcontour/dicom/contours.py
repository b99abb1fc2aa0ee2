"""From masks to closed polygons, and from slice coordinates to the patient.

Where a contour runs decides its accuracy. Through the centres of the outermost voxels it loses half a voxel all round;
on the voxels' edges, readers that round disagree. Marching squares a hair inside the edge gives the mask back under
every reader's convention that we know of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from pedcontour.dicom.keyhole import join_holes
from pedcontour.dicom.tracing import follow
from pedcontour.volume import FloatArray

LEVEL = 0.51
"""Where between background (0) and organ (1) the contour runs: 0.49 of a voxel beyond the outermost voxel centres.

At 0.5 it would run where a rounding reader may go either way, and corners would touch diagonal neighbours.
"""

STEPS = 100
"""All coordinates of a traced ring are whole hundredths of a voxel, so whole numbers decide what is collinear."""

OUTWARDS = round(STEPS * (1 - LEVEL))
"""How far beyond its pixel's centre a point lies, in hundredths: marching squares puts one on each crack."""

SQUARED = (98, 102)
"""Widths, in hundredths, of the rings around a voxel alone and a hole of one voxel: 2 * (1 - LEVEL) and 2 * LEVEL.

They come out as diamonds, which cover half of the voxel, so that a reader that counts area could take it either way.
They are drawn as squares of that width instead.
"""

SQUARE = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])


BATCH_PIXELS = 1 << 20
"""Slices are traced together up to so many pixels: small organs' go in one, and a batch stays within a cache."""


@dataclass(frozen=True, eq=False)
class Rings:
    """Closed rings without a repeated point, by slice: ``points`` ``(n, 2)``, fractional ``(j, i)``, ring after ring;
    for each ring how many are its own (``lengths``, 3 or more) and its slice's index.
    """

    points: FloatArray
    lengths: npt.NDArray[np.int64]
    slices: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rings: Sequence[tuple[int, FloatArray]]) -> "Rings":
        """Rings that are given one by one, with the index of their slice."""
        points = np.concatenate([np.zeros((0, 2)), *(ring for _, ring in rings)])
        return cls(points, *(np.array(n, np.int64) for n in ([len(r) for _, r in rings], [k for k, _ in rings])))

    def __iter__(self) -> Iterator[tuple[int, FloatArray]]:
        """One by one: the slice's index and the points."""
        ends = np.cumsum(self.lengths).tolist()
        for k, begin, end in zip(self.slices.tolist(), [0, *ends], ends, strict=False):
            yield k, self.points[begin:end]

    def moved(self, by: Sequence[int]) -> "Rings":
        """The same rings further on along ``(k, j, i)``."""
        return Rings(self.points + np.asarray(by[1:]), self.lengths, self.slices + by[0])


def trace_slice(mask: npt.NDArray[np.bool_]) -> list[FloatArray]:
    """Rings around the organ in one slice: outer borders and holes, to be read by the even-odd rule.

    ``mask`` has the axes ``(j, i)``. A ring is ``(n, 2)``, n >= 3, fractional ``(j, i)``, not closed by a repeated
    point, without points in the middle of straight edges. Voxels that touch only at a corner get rings of their own.
    """
    return [ring for _, ring in trace_mask(mask[None])]


def trace_mask(mask: npt.NDArray[np.bool_], *, keyholes: bool = False) -> Rings:
    """Rings of a mask ``(k, j, i)``, slice by slice, as those of ``trace_slice``.

    Give it the organ's own box: what lies around takes time too. With ``keyholes``, holes are cut into the ring around
    them instead of being rings of their own.
    """
    together = max(1, BATCH_PIXELS // ((mask.shape[1] + 2) * (mask.shape[2] + 2)))
    traced = [_traced(mask[first : first + together]).moved((first, 0, 0)) for first in range(0, len(mask), together)]
    rings = Rings(
        np.concatenate([part.points for part in traced]),
        np.concatenate([part.lengths for part in traced]),
        np.concatenate([part.slices for part in traced]),
    )
    return _with_keyholes(rings) if keyholes else rings


def _with_keyholes(rings: Rings) -> Rings:
    by_slice = groupby(rings, key=itemgetter(0))
    return Rings.of([(k, ring) for k, own in by_slice for ring in join_holes([ring for _, ring in own])])


def _traced(mask: npt.NDArray[np.bool_]) -> Rings:
    """The rings of slices that are followed together."""
    framed = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    cracks = follow(framed)
    if not cracks.lengths.size:
        return Rings.of([])
    k, j, i = (at.astype(np.int64) for at in np.unravel_index(cracks.pixels, framed.shape))
    down, across = np.sign(cracks.outwards) * (abs(cracks.outwards) == np.array([[framed.shape[2]], [1]]))
    points = STEPS * np.column_stack((j, i)) + OUTWARDS * np.column_stack((down, across)) - STEPS
    starts = np.cumsum(cracks.lengths) - cracks.lengths
    _square_up(points, starts[cracks.lengths == 4])
    bends = _bends(points, starts)
    return Rings(points[bends] / STEPS, np.add.reduceat(bends, starts, dtype=np.int64), k[starts])


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
