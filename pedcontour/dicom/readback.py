"""The last check of every job: its files are read again from disk and must show the model's contours in their place.

Nothing that wrote the files reads them here: contours come back through our own rasteriser and the volume's grid,
pixels through plain pydicom. So a wrong side, a lost slice or another patient's name cannot leave unnoticed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread

from pedcontour.dicom.codes import cielab
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.rasterise import rasterise_rois, slice_strays
from pedcontour.dicom.references import check_identity
from pedcontour.dicom.rois import Roi
from pedcontour.dicom.seg_reader import SegFrame, seg_frames
from pedcontour.errors import IdentityMismatchError, PedcontourError, ReadBackMismatchError
from pedcontour.volume import Box, FloatArray, Grid, boxes_of

MIN_DICE = 0.999
"""Least Dice between what a file shows and the mask. Both formats give every mask back exactly, by construction and in
every test, so anything less is a fault; the thousandth allows for one voxel in a thousand decided by rounded
coordinates."""

MAX_SHIFT_VOXELS = 0.05
"""Most that an organ's centroid may move along an axis; the smallest fault looked for moves it by half a voxel."""

PLACE_TOLERANCE_VOXELS = 0.25
"""Most that a SEG frame's corners may lie off its slice: directions may differ between slices by a ten-thousandth,
which adds up to a tenth of a small pixel at the far corner; the smallest fault looked for is half a voxel."""


@dataclass(frozen=True)
class OrganReadBack:
    """How one organ came back from one file: Dice with the mask, 0 to 1, and how far its centroid moved, in mm."""

    format: str
    organ: str
    dice: float
    shift_mm: float


@dataclass(frozen=True)
class ReadBack:
    """The proof of a result: every organ as read again from every file."""

    organs: tuple[OrganReadBack, ...]

    @property
    def dice(self) -> dict[str, float]:
        """The lowest of the files' Dice, by organ id; nothing where no file was written."""
        lowest: dict[str, float] = {}
        for organ in self.organs:
            lowest[organ.organ] = min(organ.dice, lowest.get(organ.organ, 1.0))
        return lowest


def check_read_back(result: ContouredSeries, files: Mapping[str, Path]) -> ReadBack:
    """Read the written files again, by format, and compare them with what was to be written.

    Raises ``IdentityMismatchError`` when a file names another patient, study, frame of reference, image or job than it
    should; ``ReadBackMismatchError`` when it cannot be read, or when an organ is missing, misplaced, misshapen or
    mislabelled.
    """
    return ReadBack(
        tuple(
            OrganReadBack(name, roi.organ.id, dice, shift_mm)
            for name, path in files.items()
            for roi, (dice, shift_mm) in zip(result.rois, _guarded(name, path, result), strict=True)
        )
    )


def _guarded(name: str, path: Path, result: ContouredSeries) -> list[tuple[float, float]]:
    """Check one file; one that cannot be read is a mismatch, and no foreign error leaves."""
    try:
        return CHECKS[name](dcmread(path), result)
    except (ReadBackMismatchError, IdentityMismatchError):
        raise
    except PedcontourError as error:
        raise ReadBackMismatchError(f"{name}: {error.detail}", instance_uids=error.instance_uids) from None
    except Exception as error:
        raise ReadBackMismatchError(f"{name} cannot be read: {type(error).__name__}") from error


def _check_rtstruct(rtstruct: Dataset, result: ContouredSeries) -> list[tuple[float, float]]:
    check_identity("rtstruct", rtstruct, result)
    _check_words(
        "rtstruct",
        {int(item.ROINumber): str(item.ROIName) for item in rtstruct.StructureSetROISequence},
        {int(item.ReferencedROINumber): list(item.ROIDisplayColor) for item in rtstruct.ROIContourSequence},
        {
            int(item.ReferencedROINumber): _codes(item, item.RTROIIdentificationCodeSequence[0])
            for item in rtstruct.RTROIObservationsSequence
        },
        {roi.number: (roi.name, list(roi.colour), roi) for roi in result.named},
    )
    found = {roi.number: (roi.box, roi.mask) for roi in rasterise_rois(rtstruct, result.series)}
    for roi in result.empty:
        if found[roi.number][1].any():
            raise ReadBackMismatchError(f"rtstruct: {roi.organ.id} is not empty")
    return [
        _agreement("rtstruct", roi, (box, mask), found[roi.number], result.series.volume.grid)
        for roi, box, mask in result.masks()
    ]


def _check_seg(seg: Dataset, result: ContouredSeries) -> list[tuple[float, float]]:
    check_identity("seg", seg, result)
    if str(seg.SegmentationType) != result.style.seg_encoding.upper():
        raise ReadBackMismatchError("seg: it has another encoding than was asked for")
    shown = {roi.number for roi in result.rois}
    segments = {int(item.SegmentNumber): item for item in seg.SegmentSequence if int(item.SegmentNumber) in shown}
    _check_words(
        "seg",
        {number: str(item.SegmentLabel) for number, item in segments.items()},
        {number: list(item.RecommendedDisplayCIELabValue) for number, item in segments.items()},
        {number: _codes(item, item.SegmentedPropertyTypeCodeSequence[0]) for number, item in segments.items()},
        {roi.number: (roi.name, cielab(roi.colour), roi) for roi in result.rois},
    )
    voxels = _labels_in(seg, result)
    found = {number: (box, voxels[box] == number) for number, box in boxes_of(voxels).items()}
    if set(found) != shown:
        raise ReadBackMismatchError("seg: the segments with voxels are not the organs drawn")
    return [
        _agreement("seg", roi, (box, mask), found[roi.number], result.series.volume.grid)
        for roi, box, mask in result.masks()
    ]


CHECKS: dict[str, Callable[[Dataset, ContouredSeries], list[tuple[float, float]]]] = {
    "rtstruct": _check_rtstruct,
    "seg": _check_seg,
}
"""How a written format is read back; every format of the catalogue has its check here."""


def _labels_in(seg: Dataset, result: ContouredSeries) -> npt.NDArray[np.uint8]:
    """The label map that a SEG shows on the grid of the series, axes ``(k, j, i)``."""
    grid = result.series.volume.grid
    voxels = np.zeros(grid.shape, dtype=np.uint8)
    strays = slice_strays(result.series)
    for frame in seg_frames(seg):
        k = _slice_of(frame, grid, strays)
        if frame.source_uid != result.series.instance_uids[k]:
            raise ReadBackMismatchError("seg: a frame names another image than it lies on")
        if voxels[k][frame.mask].any():
            raise ReadBackMismatchError("seg: segments overlap")
        voxels[k][frame.mask] = frame.segment
    return voxels


def _slice_of(frame: SegFrame, grid: Grid, strays: FloatArray) -> int:
    """The slice that a frame covers pixel for pixel."""
    slices, rows, columns = grid.shape
    index = grid.to_index(frame.corners_mm)
    k = int(np.clip(np.rint(index[0, 0]), 0, slices - 1))
    expected = np.array([[k, 0, 0], [k, 0, columns - 1], [k, rows - 1, 0]]) + strays[k]
    if frame.mask.shape != (rows, columns) or np.abs(index - expected).max() > PLACE_TOLERANCE_VOXELS:
        raise ReadBackMismatchError("seg: a frame does not lie on a slice", instance_uids=[frame.source_uid])
    return k


def _codes(item: Dataset, kind: Dataset) -> tuple[tuple[str, str], ...]:
    """Category, type and modifiers as (code, scheme)."""
    items = [item.SegmentedPropertyCategoryCodeSequence[0], kind]
    items += list(kind.get("SegmentedPropertyTypeModifierCodeSequence", []))
    return tuple((str(code.CodeValue), str(code.CodingSchemeDesignator)) for code in items)


def _check_words(
    name: str,
    names: dict[int, str],
    colours: dict[int, list[int]],
    codes: dict[int, tuple[tuple[str, str], ...]],
    expected: dict[int, tuple[str, list[int], Roi]],
) -> None:
    """Names, colours, codes and side of every region, by its number, against the organ it stands for."""
    if not set(names) == set(colours) == set(codes) == set(expected):
        raise ReadBackMismatchError(f"{name}: the regions are not the organs drawn")
    for number, (label, colour, roi) in expected.items():
        wanted = roi.type_item()
        items = (roi.category_item(), wanted, *wanted.get("SegmentedPropertyTypeModifierCodeSequence", []))
        code = tuple((str(item.CodeValue), str(item.CodingSchemeDesignator)) for item in items)
        if (names[number], colours[number], codes[number]) != (label, colour, code):
            raise ReadBackMismatchError(f"{name}: {roi.organ.id} has another name, colour, code or side")


def _agreement(
    name: str,
    roi: Roi,
    drawn: tuple[Box, npt.NDArray[np.bool_]],
    found: tuple[Box, npt.NDArray[np.bool_]],
    grid: Grid,
) -> tuple[float, float]:
    """Dice and centroid shift in mm of one organ; raises when either is out of bounds."""
    if not found[1].any():
        raise ReadBackMismatchError(f"{name}: {roi.organ.id} is empty")
    shared = tuple(slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(drawn[0], found[0], strict=True))
    both = 0
    if all(side.start < side.stop for side in shared):
        both = int(np.count_nonzero(_part(drawn, shared) & _part(found, shared)))
    dice = 2.0 * both / float(np.count_nonzero(drawn[1]) + np.count_nonzero(found[1]))
    before, after = _centroid(drawn), _centroid(found)
    shift_mm = float(np.linalg.norm(grid.to_lps_mm(after) - grid.to_lps_mm(before)))
    if dice < MIN_DICE or np.abs(after - before).max() > MAX_SHIFT_VOXELS:
        raise ReadBackMismatchError(f"{name}: {roi.organ.id} came back with Dice {dice:.3f}, {shift_mm:.1f} mm away")
    return dice, shift_mm


def _part(boxed: tuple[Box, npt.NDArray[np.bool_]], box: tuple[slice, ...]) -> npt.NDArray[np.bool_]:
    """The part of a boxed mask that lies in another box."""
    return boxed[1][tuple(slice(s.start - b.start, s.stop - b.start) for s, b in zip(box, boxed[0], strict=True))]


def _centroid(boxed: tuple[Box, npt.NDArray[np.bool_]]) -> FloatArray:
    """The mean index ``(k, j, i)`` of a boxed mask on the grid."""
    box, mask = boxed
    total = np.count_nonzero(mask)
    middle = []
    for axis in range(3):
        profile = np.count_nonzero(mask, axis=tuple(n for n in range(3) if n != axis))
        middle.append(box[axis].start + float(np.arange(len(profile)) @ profile) / total)
    return np.array(middle)
