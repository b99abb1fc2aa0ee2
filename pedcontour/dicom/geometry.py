"""Slices to one grid, or the reason why not: pure functions on numbers, no DICOM objects.

A slice's plane follows PS3.3 C.7.6.2.1.1: row direction (in which the column index grows) and column direction are unit
vectors in LPS, pixel spacing is (between rows, between columns) in mm. A series can be contoured exactly when its
slices are parallel, stacked straight along their normal, evenly spaced, and nearer to axial than to sagittal or
coronal; oblique axial stacks qualify. Uneven spacing and gantry tilt are refused, not resampled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pedcontour.errors import (
    GantryTiltError,
    GeometryMissingError,
    GeometryMixedError,
    InputError,
    OrientationUnsupportedError,
    SlicesDuplicatedError,
    SlicesMissingError,
    SpacingNotUniformError,
    TooFewSlicesError,
)
from pedcontour.volume import FloatArray, Grid

ORTHONORMAL_TOLERANCE = 1e-3
"""Largest error of a direction's length and of the right angle between row and column (highdicom allows the same)."""

SAME_DIRECTION_TOLERANCE = 1e-4
"""Largest difference of a direction cosine within a series: at 500 mm from the corner, a twentieth of a millimetre."""

SAME_PIXEL_SPACING_TOLERANCE = 1e-4
"""Largest relative difference of pixel spacing within a series: over 512 pixels, a twentieth of a pixel."""

SAME_POSITION_MM = 0.05
"""Slices closer than this lie at one position: no CT reconstructs slices nearer than 0.1 mm."""

TILT_TOLERANCE_DEG = 0.1
"""Largest angle between the stacking direction and the normal. Directions rounded to three decimals cause up to 0.06
degrees; gantries tilt in steps of half a degree."""

POSITION_TOLERANCE_MM = 0.1
"""How far a slice may lie from its place in an even, straight stack: older scanners round positions to a tenth of a
mm."""

LARGEST_NUMBER = 1e6
"""Coordinates and spacings beyond a kilometre are damage, not geometry."""

GAP_TOLERANCE = 0.1
"""How far a gap may be from the usual one, or from a whole number of them, as a share of the usual gap."""


@dataclass(frozen=True, eq=False)
class SlicePlane:
    """Where one slice lies: ``uid`` names it in refusals; ``position_mm`` is the centre of its first pixel, LPS.

    ``row_direction`` is the direction in which the column index ``i`` grows, ``column_direction`` that of the row
    index ``j``; ``pixel_spacing_mm`` is (between rows, between columns), ``shape`` is (rows, columns).
    """

    uid: str
    position_mm: FloatArray
    row_direction: FloatArray
    column_direction: FloatArray
    pixel_spacing_mm: tuple[float, float]
    shape: tuple[int, int]

    @property
    def normal(self) -> FloatArray:
        """Unit vector across the slice: row direction x column direction."""
        across: FloatArray = np.cross(self.row_direction, self.column_direction)
        return across / np.linalg.norm(across)


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices in their order along the normal: ``order[k]`` is the index, in what was given, of slice ``k`` of
    ``grid``."""

    order: tuple[int, ...]
    grid: Grid


def stack(planes: Sequence[SlicePlane]) -> Stack:
    """Order slices by dot(position, normal) and find the one grid they lie on, axes ``(k, j, i)``, LPS mm.

    The affine is the DICOM equation (C.7.6.2.1-1) of the first slice; its third direction is the way from the first
    slice to the last. The result does not depend on the order in which the slices are given.

    Raises ``GeometryMissingError`` (numbers not finite or not positive), ``OrientationUnsupportedError``,
    ``GeometryMixedError``, ``TooFewSlicesError``, ``SlicesDuplicatedError``, ``GantryTiltError``,
    ``SlicesMissingError`` or ``SpacingNotUniformError``, with the UIDs of the slices at fault.
    """
    _refuse(GeometryMissingError, "not finite or not positive", (p for p in planes if not is_complete(p)))
    if len(planes) < 2:
        raise TooFewSlicesError(f"{len(planes)} slice", instance_uids=[p.uid for p in planes])
    _check_orientation(planes)
    _check_same_grid(planes)
    normal = _common(planes).normal
    order = sorted(range(len(planes)), key=lambda n: (float(planes[n].position_mm @ normal), planes[n].uid))
    ordered = [planes[n] for n in order]
    positions = np.array([p.position_mm for p in ordered])
    uids = [p.uid for p in ordered]
    _check_positions(positions, normal, uids)
    return Stack(tuple(order), Grid((len(ordered), *ordered[0].shape), _affine(ordered[0], positions)))


def is_complete(plane: SlicePlane) -> bool:
    """Whether every number of a plane is finite and plausible, and sizes and spacings are positive."""
    numbers = np.abs((*plane.position_mm, *plane.row_direction, *plane.column_direction, *plane.pixel_spacing_mm))
    return bool((numbers <= LARGEST_NUMBER).all()) and min(plane.pixel_spacing_mm) > 0 and min(plane.shape) > 0


def is_orthonormal(plane: SlicePlane) -> bool:
    """Whether row and column directions are unit vectors at right angles, within ``ORTHONORMAL_TOLERANCE``."""
    row, column = plane.row_direction, plane.column_direction
    errors = (np.linalg.norm(row) - 1, np.linalg.norm(column) - 1, row @ column)
    return bool(np.abs(errors).max() <= ORTHONORMAL_TOLERANCE)


def is_axial(plane: SlicePlane) -> bool:
    """Whether the slice lies nearer to axial than to sagittal or coronal: its normal is nearest to the body axis."""
    return bool(np.argmax(np.abs(plane.normal)) == 2)


def _refuse(error: type[InputError], detail: str, culprits: Iterable[SlicePlane]) -> None:
    uids = sorted(p.uid for p in culprits)
    if uids:
        raise error(detail, instance_uids=uids)


def _common(planes: Sequence[SlicePlane]) -> SlicePlane:
    """The slice whose direction cosines are the median ones: what a lone outlier is compared with."""
    directions = np.array([(*p.row_direction, *p.column_direction) for p in planes])
    middle = np.median(directions, axis=0)
    distances = np.abs(directions - middle).max(axis=1)
    return min(zip(distances, planes, strict=True), key=lambda pair: (float(pair[0]), pair[1].uid))[1]


def _check_orientation(planes: Sequence[SlicePlane]) -> None:
    _refuse(
        OrientationUnsupportedError,
        "row and column directions are not unit vectors at right angles",
        (p for p in planes if not is_orthonormal(p)),
    )
    common = _common(planes)

    def turned(plane: SlicePlane) -> bool:
        rows = np.abs(plane.row_direction - common.row_direction).max()
        columns = np.abs(plane.column_direction - common.column_direction).max()
        return bool(max(rows, columns) > SAME_DIRECTION_TOLERANCE)

    _refuse(OrientationUnsupportedError, "orientation differs from the other slices", filter(turned, planes))
    if not is_axial(common):
        name = ("sagittal", "coronal")[int(np.argmax(np.abs(common.normal)))]
        detail = f"the slices are {name}: their normal must be nearest to the body axis"
        raise OrientationUnsupportedError(detail, instance_uids=sorted(p.uid for p in planes))


def _check_same_grid(planes: Sequence[SlicePlane]) -> None:
    shapes = [p.shape for p in planes]
    usual_shape = max(sorted(set(shapes)), key=shapes.count)
    _refuse(
        GeometryMixedError,
        "rows and columns differ from the other slices",
        (p for p in planes if p.shape != usual_shape),
    )
    usual = np.median([p.pixel_spacing_mm for p in planes], axis=0)
    _refuse(
        GeometryMixedError,
        "pixel spacing differs from the other slices",
        (p for p in planes if np.abs(np.array(p.pixel_spacing_mm) / usual - 1).max() > SAME_PIXEL_SPACING_TOLERANCE),
    )


def _check_positions(positions: FloatArray, normal: FloatArray, uids: Sequence[str]) -> None:
    """Refuse what is not one straight, even stack; ``positions`` are in order along ``normal``."""
    heights = positions @ normal
    gaps = np.diff(heights)
    touching = np.flatnonzero(gaps < SAME_POSITION_MM)
    if touching.size:
        raise SlicesDuplicatedError(
            f"{np.union1d(touching, touching + 1).size} slices share positions",
            instance_uids=_both_sides(touching, uids),
        )
    _check_tilt(positions, normal, uids)
    # The usual gap is the lower median: of two gaps, 5 and 10 mm, the slice is missing in the wider one.
    usual = float(np.sort(gaps)[(gaps.size - 1) // 2])
    steps = np.rint(gaps / usual)
    wide = np.flatnonzero(steps >= 2)
    if wide.size and bool((np.abs(gaps / usual - steps) <= GAP_TOLERANCE * steps).all()):
        missing = int((steps - 1).sum())
        raise SlicesMissingError(
            f"{missing} missing: gaps up to {gaps.max():.3f} mm, usually {usual:.3f} mm",
            instance_uids=_both_sides(wide, uids),
        )
    uneven = np.flatnonzero(np.abs(gaps - usual) > max(GAP_TOLERANCE * usual, POSITION_TOLERANCE_MM))
    if uneven.size:
        raise SpacingNotUniformError(
            f"gaps from {gaps.min():.3f} to {gaps.max():.3f} mm", instance_uids=_both_sides(uneven, uids)
        )
    _check_straight(positions, normal, uids)


def _check_tilt(positions: FloatArray, normal: FloatArray, uids: Sequence[str]) -> None:
    way = positions[-1] - positions[0]
    along = float(way @ normal)
    across = float(np.linalg.norm(way - along * normal))
    tilt_deg = float(np.degrees(np.arctan2(across, along)))
    if tilt_deg > TILT_TOLERANCE_DEG and across > POSITION_TOLERANCE_MM:
        raise GantryTiltError(f"tilted by {tilt_deg:.2f} degrees", instance_uids=uids)


def _check_straight(positions: FloatArray, normal: FloatArray, uids: Sequence[str]) -> None:
    """Every slice in its place on the line from the first to the last, within ``POSITION_TOLERANCE_MM``."""
    shares = np.linspace(0.0, 1.0, len(positions))[:, None]
    offsets = positions - ((1 - shares) * positions[0] + shares * positions[-1])
    along = np.abs(offsets @ normal)
    across = np.linalg.norm(offsets - (offsets @ normal)[:, None] * normal, axis=1)
    if across.max() > POSITION_TOLERANCE_MM:
        raise GeometryMixedError(
            f"slices are shifted sideways by up to {across.max():.3f} mm",
            instance_uids=_named(across > POSITION_TOLERANCE_MM, uids),
        )
    if along.max() > POSITION_TOLERANCE_MM:
        raise SpacingNotUniformError(
            f"slices lie up to {along.max():.3f} mm off an even spacing",
            instance_uids=_named(along > POSITION_TOLERANCE_MM, uids),
        )


def _both_sides(gaps: npt.NDArray[np.intp], uids: Sequence[str]) -> list[str]:
    """The slices on both sides of the named gaps, in order, each once."""
    return [uids[int(n)] for n in np.union1d(gaps, gaps + 1)]


def _named(culprits: npt.NDArray[np.bool_], uids: Sequence[str]) -> list[str]:
    return [uid for uid, culprit in zip(uids, culprits, strict=True) if culprit]


def _affine(first: SlicePlane, positions: FloatArray) -> FloatArray:
    row_mm, column_mm = first.pixel_spacing_mm
    affine = np.eye(4)
    affine[:3, 0] = (positions[-1] - positions[0]) / (len(positions) - 1)
    affine[:3, 1] = first.column_direction * row_mm
    affine[:3, 2] = first.row_direction * column_mm
    affine[:3, 3] = positions[0]
    return affine
