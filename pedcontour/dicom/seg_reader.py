"""A BINARY or LABELMAP segmentation read with nothing but pydicom: the second opinion on what highdicom wrote."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from pedcontour.volume import FloatArray


@dataclass(frozen=True, eq=False)
class SegFrame:
    """One segment in one frame: its own plane as ``corners_mm``, the source image it names, its pixels.

    ``corners_mm`` is ``(3, 3)``: LPS of the centres of the first pixel, of the last pixel of the first row, and of the
    first pixel of the last row. ``mask`` has the axes ``(j, i)``.
    """

    segment: int
    corners_mm: FloatArray
    source_uid: str
    mask: npt.NDArray[np.bool_]


def seg_frames(seg: Dataset) -> Iterator[SegFrame]:
    """The segments in the frames of a BINARY or 8-bit LABELMAP segmentation in native encoding, frame by frame.

    A frame of a LABELMAP gives one ``SegFrame`` for every label in it, background (0) apart. Raises ``ValueError`` or
    a pydicom error when the object is neither: the caller decides what that means.
    """
    bits = {("BINARY", 1): 1, ("LABELMAP", 8): 8}.get((str(seg.SegmentationType), int(seg.BitsAllocated)))
    if bits is None:
        raise ValueError("neither a BINARY nor an 8-bit LABELMAP segmentation")
    shape = int(seg.Rows), int(seg.Columns)
    size = shape[0] * shape[1]
    packed = np.frombuffer(seg.PixelData, np.uint8)
    if packed.size * 8 < int(seg.NumberOfFrames) * size * bits:
        raise ValueError("pixel data is shorter than its frames")
    shared = seg.SharedFunctionalGroupsSequence[0]
    edges_of_all = _edges_mm(shared, shared, shape) if set(shared.dir()) >= _OF_A_PLANE else None
    for n, groups in enumerate(seg.PerFrameFunctionalGroupsSequence):
        has_own = edges_of_all is None or any(keyword in groups for keyword in _OF_A_PLANE)
        edges_mm = _edges_mm(groups, shared, shape) if has_own else edges_of_all
        corners_mm = np.array(_group("PlanePosition", groups, shared).ImagePositionPatient, float) + edges_mm
        source_uid = str(groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID)
        if bits == 1:
            segment = int(_group("SegmentIdentification", groups, shared).ReferencedSegmentNumber)
            yield SegFrame(segment, corners_mm, source_uid, _bits(packed, n * size, size).reshape(shape))
        else:
            labels = packed[n * size : (n + 1) * size].reshape(shape)
            for label in np.unique(labels[labels > 0]).tolist():
                yield SegFrame(label, corners_mm, source_uid, labels == label)


_OF_A_PLANE = {"PlaneOrientationSequence", "PixelMeasuresSequence"}
"""Functional groups that say how a frame's pixels lie; all frames may share them."""


def _edges_mm(groups: Dataset, shared: Dataset, shape: tuple[int, int]) -> FloatArray:
    """``corners_mm`` as seen from the first pixel."""
    rows, columns = shape
    orientation = _group("PlaneOrientation", groups, shared).ImageOrientationPatient
    along_row, along_column = np.array(orientation, float).reshape(2, 3)
    row_mm, column_mm = (float(v) for v in _group("PixelMeasures", groups, shared).PixelSpacing)
    return np.array([np.zeros(3), along_row * column_mm * (columns - 1), along_column * row_mm * (rows - 1)])


def _group(name: str, groups: Dataset, shared: Dataset) -> Dataset:
    """A functional group macro: a frame's own, or the one that all frames share (PS3.3 C.7.6.16)."""
    keyword = f"{name}Sequence"
    item: Dataset = (groups if keyword in groups else shared)[keyword].value[0]
    return item


def _bits(packed: npt.NDArray[np.uint8], start: int, count: int) -> npt.NDArray[np.bool_]:
    """``count`` bits from bit ``start`` on, least significant first; frames need not begin at a byte (PS3.5 D.2.1)."""
    first = start // 8
    bits = np.unpackbits(packed[first : (start + count + 7) // 8], bitorder="little")
    return bits[start - first * 8 : start - first * 8 + count].view(np.bool_)
