"""Following the border of a mask: every ring of every slice, all of them at once.

A border is made of cracks, sides of a pixel inside that face a pixel outside. Where a border goes from a crack depends
on two pixels ahead, so the way on is looked up for all cracks together; what remains is to walk along it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, depth_first_order

Steps = npt.NDArray[np.int32]
"""Distances in the flattened mask: 1 is a column, its width a row."""


@dataclass(frozen=True, eq=False)
class Cracks:
    """Cracks in the order of their rings: the ``pixels`` inside, flat indices of the mask, and the step ``outwards`` of
    each; ``lengths`` is how many cracks each ring has. Rings come by their first pixel.
    """

    pixels: Steps
    outwards: Steps
    lengths: npt.NDArray[np.int64]


def follow(mask: npt.NDArray[np.bool_]) -> Cracks:
    """The rings of a mask ``(k, j, i)`` with a border of background around each slice, the inside always on one side.

    Pixels that touch at a corner only lie on different rings.
    """
    flat, width = mask.reshape(-1), mask.shape[2]
    # Each crack between two columns or two rows, by the first of the two pixels.
    columns, rows = (np.flatnonzero(flat[step:] != flat[:-step]).astype(np.int32) for step in (1, width))
    if not columns.size:
        return Cracks(columns, columns, np.zeros(0, np.int64))
    pixels = np.concatenate((columns + ~flat[columns], rows + width * ~flat[rows])).astype(np.int32)
    outwards = np.concatenate((1 - 2 * ~flat[columns], width * (1 - 2 * ~flat[rows]))).astype(np.int32)
    onwards = np.where(abs(outwards) == 1, outwards * width, outwards // -width).astype(np.int32)
    place = np.empty((2, flat.size), np.int32)  # of a crack by its kind and first pixel; the rest is never read
    place[0, columns] = np.arange(columns.size)
    place[1, rows] = np.arange(columns.size, pixels.size)
    next_pixel, next_outwards = _ways_on(flat, pixels, outwards, onwards)
    following = place[(abs(next_outwards) != 1).astype(np.intp), np.minimum(next_pixel, next_pixel + next_outwards)]
    order, lengths = _walk(following)
    return Cracks(pixels[order], outwards[order], lengths)


def _ways_on(flat: npt.NDArray[np.bool_], pixels: Steps, outwards: Steps, onwards: Steps) -> tuple[Steps, Steps]:
    """The next crack of each: around the same pixel, straight on, or along the pixel that stands in the way."""
    ahead, beside = flat[pixels + onwards], flat[pixels + onwards + outwards]
    stays, turns_out = ~ahead, ahead & beside
    next_pixel = np.where(stays, pixels, pixels + onwards + np.where(turns_out, outwards, 0))
    next_outwards = np.where(stays, onwards, np.where(turns_out, -onwards, outwards))
    return next_pixel, next_outwards


def _walk(following: Steps) -> tuple[Steps, npt.NDArray[np.int64]]:
    """The cracks, ring after ring, each ring from its first crack on; and the lengths of the rings.

    The rings are cut open and joined to one long way, which a walk through a graph puts into order.
    """
    rings, ring = connected_components(_graph(following), directed=True, connection="weak")
    firsts = np.empty(rings, np.int32)
    firsts[ring[::-1]] = np.arange(len(ring) - 1, -1, -1)
    firsts.sort()
    before = np.empty_like(following)
    before[following] = np.arange(len(following))
    joined = following.copy()
    joined[before[firsts]] = np.roll(firsts, -1)
    order = depth_first_order(_graph(joined), int(firsts[0]), return_predecessors=False)
    return order, np.bincount(ring, minlength=rings)[ring[firsts]]


def _graph(following: Steps) -> csr_array:
    """A graph with one way from each node."""
    size = len(following)
    return csr_array((np.ones(size), following, np.arange(size + 1, dtype=np.int32)), shape=(size, size))
