"""Masks of single regions to one label map: merged, divided, laid over one another, and checked. Arrays in and out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from pedcontour.datasets.collection.matching import Matched
from pedcontour.datasets.collection.remarks import Remark
from pedcontour.datasets.collection.rules import Rules
from pedcontour.dicom.rasterise import RoiMask
from pedcontour.errors import ContoursSkipSlicesError, NothingAnnotatedError, SidesSwappedError
from pedcontour.organs import all_organs
from pedcontour.volume import Box, Grid, LabelMap, box_around

Mask = npt.NDArray[np.bool_]

MAX_SKIPPED_SHARE = 0.2
"""More slices without a contour than this, of those between an organ's first and last one, and it was drawn on every
second or third slice; fewer are the gaps between loops of bowel, or a slip, and are told."""

MIN_SHARE_OF_TWO = 0.98
"""Two sides drawn as one are divided only when two connected pieces hold this share of it: crumbs belong to none."""

OVERLAP_TOLD = 0.02
"""Overlaps of less than this share of the smaller organ are where two outlines share an edge."""


@dataclass(frozen=True, eq=False)
class Boxed:
    """A mask that fills ``box``, axes ``(k, j, i)``; beyond the box it is empty."""

    box: Box
    mask: Mask


@dataclass(frozen=True, eq=False)
class Labelled:
    """A label map, and what a person should know of it."""

    labels: LabelMap
    remarks: tuple[Remark, ...]


def label_case(masks: Iterable[RoiMask], matched: Matched, rules: Rules, grid: Grid, organs: Sequence[str]) -> Labelled:
    """One label map, labels 1 to n in the order of ``organs``, of the masks of single ROIs.

    Of organs that overlap the smaller one keeps the voxels. Raises ``ContoursSkipSlicesError``, ``SidesSwappedError``,
    and ``NothingAnnotatedError`` where no voxel is drawn.
    """
    remarks: list[Remark] = []
    of_roi = {roi.number: Boxed(roi.box, roi.mask) for roi in masks}
    drawn = {organ: _union([of_roi[number] for number in numbers]) for organ, numbers in matched.organs.items()}
    for number, sides in matched.divided.items():
        drawn |= _divide(of_roi[number], sides, grid, remarks)
    for organ in [organ for organ, own in drawn.items() if not own.mask.any()]:
        remarks.append(Remark("NO_VOXEL", f"{organ}: its contours enclose no voxel"))
        del drawn[organ]
    if not drawn:
        raise NothingAnnotatedError
    for organ, own in drawn.items():
        _check_gaps(organ, own, rules, remarks)
    if rules.sides_checked:
        _check_sides(drawn, grid)
    return Labelled(_laid_over(drawn, grid, organs, remarks), tuple(remarks))


def _union(parts: Sequence[Boxed]) -> Boxed:
    parts = [part for part in parts if part.mask.size] or list(parts[:1])
    if len(parts) == 1:
        return parts[0]
    box = box_around(part.box for part in parts)
    mask = np.zeros([side.stop - side.start for side in box], dtype=bool)
    for part in parts:
        mask[_within(part.box, box)] |= part.mask
    return Boxed(box, mask)


def _within(box: Box, outer: Box) -> Box:
    k, j, i = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, outer, strict=True))
    return k, j, i


def _divide(both: Boxed, sides: Sequence[str], grid: Grid, remarks: list[Remark]) -> dict[str, Boxed]:
    """The right and the left one of two organs drawn as one; neither, with a remark, where they do not come apart."""
    pieces, count = ndimage.label(both.mask)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
    two = np.argsort(sizes)[::-1][:2] + 1
    if count < 2 or sizes[two - 1].sum() < MIN_SHARE_OF_TWO * sizes.sum():
        remarks.append(Remark("NOT_DIVIDED", f"{' and '.join(sides)}: drawn as one, and not in two separate pieces"))
        return {}
    halves = [Boxed(both.box, np.asarray(pieces == piece)) for piece in two.tolist()]
    halves.sort(key=lambda half: _leftness(half, grid))
    known = all_organs()
    ordered = sorted(sides, key=lambda organ: known[organ].laterality == "left")
    return dict(zip(ordered, halves, strict=True))


def _leftness(own: Boxed, grid: Grid) -> float:
    """How far to the patient's left the centroid lies, mm: LPS x."""
    middle = np.array(ndimage.center_of_mass(own.mask)) + [side.start for side in own.box]
    return float(grid.to_lps_mm(middle)[0])


def _check_gaps(organ: str, own: Boxed, rules: Rules, remarks: list[Remark]) -> None:
    shown = np.flatnonzero(own.mask.any(axis=(1, 2)))
    extent = int(shown[-1] - shown[0]) + 1
    skipped = extent - len(shown)
    if not skipped:
        return
    told = f"{organ}: {skipped} of {extent} slices between its first and its last are without it"
    if skipped > MAX_SKIPPED_SHARE * extent and not rules.gaps_allowed:
        raise ContoursSkipSlicesError(told)
    remarks.append(Remark("SLICES_WITHOUT_CONTOUR", told))


def _check_sides(drawn: Mapping[str, Boxed], grid: Grid) -> None:
    known = all_organs()
    for one, other in combinations(sorted(drawn), 2):
        pair = {known[organ].laterality: organ for organ in (one, other)}
        if set(pair) != {"left", "right"} or known[one].meaning != known[other].meaning:
            continue
        left, right = pair["left"], pair["right"]
        if _leftness(drawn[left], grid) < _leftness(drawn[right], grid):
            raise SidesSwappedError(f"{left} lies to the right of {right}")


def _laid_over(drawn: Mapping[str, Boxed], grid: Grid, organs: Sequence[str], remarks: list[Remark]) -> LabelMap:
    voxels = np.zeros(grid.shape, dtype=np.uint8)
    size = {organ: int(np.count_nonzero(own.mask)) for organ, own in drawn.items()}
    label_of = {organ: label for label, organ in enumerate(organs, start=1)}
    for organ in sorted(drawn, key=lambda organ: (-size[organ], label_of[organ])):
        own = drawn[organ]
        part = voxels[own.box]
        below = np.bincount(part[own.mask], minlength=len(organs) + 1)
        part[own.mask] = label_of[organ]
        for other in np.flatnonzero(below[1:]).tolist():
            if below[other + 1] > OVERLAP_TOLD * size[organ]:
                ml = below[other + 1] * grid.voxel_volume_ml
                remarks.append(Remark("OVERLAP", f"{organ} took {ml:.1f} mL from {organs[other]}"))
    return LabelMap(grid, voxels, {label: organ for organ, label in label_of.items()})
