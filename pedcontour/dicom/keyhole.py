"""Holes by keyhole: every hole joined to the ring around it by a cut of no width (PS3.3 C.8.8.6).

Most readers take a ring within a ring as a hole (even-odd). Some fill both; for them, a keyhole says the same in one
ring.
"""

from collections.abc import Sequence

import numpy as np

from pedcontour.dicom.coverage import doubled_area, nesting
from pedcontour.volume import FloatArray


def join_holes(rings: Sequence[FloatArray]) -> list[FloatArray]:
    """The rings of one slice ``(n, 2)``, fractional ``(j, i)``, with each hole cut into the ring that it lies in.

    Islands in holes stay rings of their own. Every cut runs along a row of pixel centres, to the left of the hole.
    """
    around = nesting(rings, np.zeros(len(rings), dtype=np.int64))
    depth = np.array([len(outer) for outer in around])
    joined = []
    for n, ring in enumerate(rings):
        if depth[n] % 2 == 0:
            holes = [rings[m] for m in range(len(rings)) if depth[m] == depth[n] + 1 and n in around[m]]
            joined.append(_cut_in(ring, holes))
    return joined


def _cut_in(ring: FloatArray, holes: Sequence[FloatArray]) -> FloatArray:
    """From left to right, so that what a cut meets on its way left is already part of the ring."""
    for hole in sorted(holes, key=lambda h: (h[:, 1].min(), h[:, 0].min())):
        opposite = hole[::-1] if doubled_area(hole) * doubled_area(ring) > 0 else hole
        tour = _tour_from_the_left(opposite)
        edge, meeting = _first_to_the_left(ring, tour[0])
        parts = (ring[: edge + 1], meeting[None], tour, meeting[None], ring[edge + 1 :])
        ring = np.concatenate(parts)
        ring = ring[(ring != np.roll(ring, 1, axis=0)).any(axis=1)]
    return ring


def _tour_from_the_left(hole: FloatArray) -> FloatArray:
    """The hole's points, starting and ending where its left side crosses a row of pixel centres."""
    left = hole[:, 1].min()
    row = np.ceil(hole[hole[:, 1] == left, 0].min())
    start = np.array([row, left])
    following = np.roll(hole, -1, axis=0)
    on_edge = (hole[:, 1] == left) & (following[:, 1] == left) & ((hole[:, 0] - row) * (following[:, 0] - row) <= 0)
    after = int(np.flatnonzero(on_edge | (hole == start).all(axis=1))[0])
    return np.concatenate((start[None], np.roll(hole, -after - 1, axis=0), start[None]))


def _first_to_the_left(ring: FloatArray, point: FloatArray) -> tuple[int, FloatArray]:
    """The edge, by its first point's index, that a walk from ``point`` to the left meets first, and where."""
    following = np.roll(ring, -1, axis=0)
    crosses = (ring[:, 0] <= point[0]) != (following[:, 0] <= point[0])
    rise = np.where(crosses, following[:, 0] - ring[:, 0], 1.0)
    column = ring[:, 1] + (point[0] - ring[:, 0]) / rise * (following[:, 1] - ring[:, 1])
    column = np.where(crosses & (column < point[1]), column, -np.inf)
    edge = int(column.argmax())
    return edge, np.array([point[0], column[edge]])
