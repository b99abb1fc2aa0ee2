"""How much of every pixel lies inside a set of polygons: exact areas, not samples."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pedcontour.volume import FloatArray

NESTING_SAMPLES = 16
"""Points of a ring that vote on whether it lies inside another: one could lie on the other's border, most cannot."""


def covered_area(rings: Sequence[FloatArray], planes: Sequence[int], shape: tuple[int, int, int]) -> FloatArray:
    """The share of every pixel's area that lies inside the rings of its plane, 0 to 1, by the even-odd rule.

    ``rings`` are ``(n, 2)`` with fractional pixel coordinates ``(row, column)``, pixel centres at whole numbers,
    closed without a repeated point; ``planes[n]`` is the plane of ring ``n``. The result has the shape ``(plane, row,
    column)``; what lies outside is cut off. Exact for rings that do not cross one another (holes, islands, keyholes);
    where rings do cross, exact in every pixel that no border passes.
    """
    area = np.zeros((shape[0], shape[1], shape[2] + 2))
    if rings:
        signs = _signs(rings, np.asarray(planes))
        starts = np.concatenate(rings) + 0.5
        ends = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings]) + 0.5
        lengths = [len(ring) for ring in rings]
        _accumulate(area, starts, ends, np.repeat(planes, lengths), np.repeat(signs, lengths))
    winding = np.abs(np.cumsum(area, axis=2)[:, :, :-2]) % 2.0
    return np.asarray(np.minimum(winding, 2.0 - winding))


def _accumulate(
    area: FloatArray,
    starts: FloatArray,
    ends: FloatArray,
    planes: npt.NDArray[np.int64],
    signs: FloatArray,
) -> None:
    """Add every edge's share to ``area``, so that the running sum along columns is the signed area in each pixel.

    An edge sweeps the area to its right. Cut at every pixel border, a piece of height dy in pixel c covers dy times
    what is left of c to its right, and the whole of dy in every pixel beyond.
    """
    edge, pieces = _cut_at_pixel_borders(starts, ends)
    height = (pieces[:, 1, 0] - pieces[:, 0, 0]) * signs[edge]
    middle = pieces.mean(axis=1)
    row, column = np.floor(middle).astype(np.int64).T
    rows, columns = area.shape[1], area.shape[2] - 2
    inside = (row >= 0) & (row < rows) & (column < columns) & (height != 0)
    row, column, height, x = row[inside], column[inside], height[inside], middle[inside, 1]
    left_of_grid = column < 0
    own = np.where(left_of_grid, 1.0, column + 1 - x)
    column = np.maximum(column, 0)
    flat = (planes[edge[inside]] * rows + row) * area.shape[2] + column
    size = area.size
    area += np.bincount(flat, height * own, size).reshape(area.shape)
    area += np.bincount(flat + 1, height * (1.0 - own), size).reshape(area.shape)


def _cut_at_pixel_borders(starts: FloatArray, ends: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Cut edges ``(n, 2)`` where a coordinate is whole.

    Returns the edge that each piece is of, and the pieces ``(m, 2, 2)``: start and end, each ``(row, column)``.
    """
    edges = [np.arange(len(starts)), np.arange(len(starts))]
    shares = [np.zeros(len(starts)), np.ones(len(starts))]
    for axis in (0, 1):
        low, high = np.minimum(starts[:, axis], ends[:, axis]), np.maximum(starts[:, axis], ends[:, axis])
        first = np.floor(low).astype(np.int64) + 1
        count = np.maximum(np.ceil(high).astype(np.int64) - first, 0)
        edge = np.repeat(np.arange(len(starts)), count)
        border = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
        edges.append(edge)
        shares.append((border - starts[edge, axis]) / (ends[edge, axis] - starts[edge, axis]))
    edge, share = np.concatenate(edges), np.concatenate(shares)
    order = np.lexsort((share, edge))
    edge, share = edge[order], share[order]
    points = starts[edge] + share[:, None] * (ends[edge] - starts[edge])
    same = edge[1:] == edge[:-1]
    return edge[:-1][same], np.stack((points[:-1], points[1:]), axis=1)[same]


def _signs(rings: Sequence[FloatArray], planes: npt.NDArray[np.int64]) -> FloatArray:
    """+1 or -1 for every ring, so that islands add area and holes take it away, whichever way round they run."""
    orientation = np.array([1.0 if doubled_area(ring) > 0 else -1.0 for ring in rings])
    depth = np.array([len(outer) for outer in nesting(rings, planes)])
    return np.asarray(orientation * (1 - 2 * (depth % 2)))


def nesting(rings: Sequence[FloatArray], planes: npt.NDArray[np.int64]) -> list[list[int]]:
    """For every ring, the indices of the rings of its plane that it lies in: an odd number of them makes it a hole."""
    low = np.array([ring.min(axis=0) for ring in rings])
    high = np.array([ring.max(axis=0) for ring in rings])
    found = []
    for n, ring in enumerate(rings):
        around = (planes == planes[n]) & (low <= low[n]).all(axis=1) & (high >= high[n]).all(axis=1)
        around[n] = False
        sample = ring[:: max(1, len(ring) // NESTING_SAMPLES)]
        found.append([outer for outer in np.flatnonzero(around).tolist() if _mostly_inside(sample, rings[outer])])
    return found


def doubled_area(ring: FloatArray) -> float:
    """Twice the signed area of a ring; its sign says which way round the ring runs."""
    moved = ring - ring[0]  # keeps digits when a ring lies far from the origin
    following = np.roll(moved, -1, axis=0)
    return float((moved[:, 0] * following[:, 1] - moved[:, 1] * following[:, 0]).sum())


def _mostly_inside(points: FloatArray, ring: FloatArray) -> bool:
    """Whether more than half of ``points`` lie inside ``ring``, counting borders to the right of each."""
    row, column = points[:, :1], points[:, 1:]
    following = np.roll(ring, -1, axis=0)
    crosses = (ring[:, 0] <= row) != (following[:, 0] <= row)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (row - ring[:, 0]) / (following[:, 0] - ring[:, 0])
        at = ring[:, 1] + share * (following[:, 1] - ring[:, 1])
    inside = (crosses & (at > column)).sum(axis=1) % 2 == 1
    return bool(2 * inside.sum() > len(points))
