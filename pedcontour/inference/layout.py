"""Where the tiles of a sliding window lie, before anything runs. Axes and voxels are those of the network's grid."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from pedcontour.inference.body_region import BodyRegion
from pedcontour.inference.nnunet_quiet import quiet

with quiet():
    from nnunetv2.inference.sliding_window_prediction import compute_steps_for_sliding_window

MARGIN_VOXELS = 8
"""Air kept around the body where that costs no further tile: the network has learned what lies beside a body."""

LEAST_MARGIN_VOXELS = 3
"""Air kept in any case: twice the error of a region that is known to about a voxel."""

Shape = tuple[int, int, int]
Slices = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Row:
    """The tiles that begin at one place of the first axis: ``start`` there, and (b, c) of the corners to run."""

    start: int
    corners: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Layout:
    """Tiles over a part of an image.

    ``box`` is the covered part; ``before`` the zeros put before it along each axis, where it is smaller than a tile;
    ``shape`` its shape with the zeros around it. ``rows`` come in the order of their starts, the empty ones too.
    """

    box: Slices
    before: Shape
    shape: Shape
    patch: Shape
    rows: tuple[Row, ...]
    skipped: int

    @property
    def run(self) -> int:
        """Tiles to run."""
        return sum(len(row.corners) for row in self.rows)

    @property
    def covered(self) -> Shape:
        """Voxels of the box along each axis."""
        a, b, c = (part.stop - part.start for part in self.box)
        return a, b, c


def lay_tiles(
    image: Shape, patch: Shape, step: float, body: BodyRegion | None = None, *, around_body: bool = False
) -> Layout:
    """Tiles over an image, ``step`` of a tile apart at most, as nnU-Net lays them.

    With ``body`` those that touch none of the patient are skipped; ``around_body`` lays them over the patient's box
    with a margin only.
    """
    box = _around(body, image, patch, step) if body is not None and around_body else _whole(image)
    sizes = [part.stop - part.start for part in box]
    missing = [max(0, p - n) for n, p in zip(sizes, patch, strict=True)]
    before = [n // 2 for n in missing]
    padded = [n + m for n, m in zip(sizes, missing, strict=True)]
    starts_a, starts_b, starts_c = compute_steps_for_sliding_window(padded, patch, step)
    rows, skipped = [], 0
    for start in starts_a:
        corners = list(product(starts_b, starts_c))
        kept = [
            corner
            for corner in corners
            if body is None or body.touches(_shares((start, *corner), box, before, image, patch))
        ]
        skipped += len(corners) - len(kept)
        rows.append(Row(int(start), tuple((int(b), int(c)) for b, c in kept)))
    return Layout(box, _shape(before), _shape(padded), patch, tuple(rows), skipped)


def _around(body: BodyRegion, image: Shape, patch: Shape, step: float) -> Slices:
    a, b, c = (_along(body.bounds(axis), image[axis], patch[axis], step) for axis in range(3))
    return a, b, c


def _along(bounds: tuple[float, float] | None, image: int, patch: int, step: float) -> slice:
    """The part of one axis to cover: the body with its margin, and never less than a tile if the image has it."""
    if bounds is None:
        return slice(0, image)
    first, last = int(bounds[0] * image), min(image, int(-(-bounds[1] * image // 1)))
    narrow, wide = (
        slice(max(0, first - margin), min(image, last + margin)) for margin in (LEAST_MARGIN_VOXELS, MARGIN_VOXELS)
    )
    length = narrow.stop - narrow.start
    steps = len(compute_steps_for_sliding_window([max(length, patch)], [patch], step)[0])
    affordable = patch + int((steps - 1) * patch * step)
    length = min(image, max(min(wide.stop - wide.start, affordable), length, patch))
    start = min(max(0, (narrow.start + narrow.stop - length) // 2), image - length)
    return slice(start, start + length)


def _shares(
    corner: tuple[int, ...], box: Slices, before: list[int], image: Shape, patch: Shape
) -> tuple[tuple[float, float], ...]:
    """A tile as shares of the image's extent."""

    def along() -> Iterator[tuple[float, float]]:
        for axis in range(3):
            start = corner[axis] + box[axis].start - before[axis]
            yield start / image[axis], (start + patch[axis]) / image[axis]

    return tuple(along())


def _whole(image: Shape) -> Slices:
    a, b, c = (slice(0, n) for n in image)
    return a, b, c


def _shape(numbers: list[int]) -> Shape:
    a, b, c = (int(n) for n in numbers)
    return a, b, c
