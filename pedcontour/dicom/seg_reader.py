"""A BINARY segmentation read with nothing but pydicom: the second opinion on what highdicom wrote."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from pedcontour.volume import FloatArray


@dataclass(frozen=True, eq=False)
class SegFrame:
    """One frame: the segment it belongs to, its own plane as ``corners_mm``, the source image it names, its pixels.

    ``corners_mm`` is ``(3, 3)``: LPS of the centres of the first pixel, of the last pixel of the first row, and of the
    first pixel of the last row. ``mask`` has the axes ``(j, i)``.
    """

    segment: int
    corners_mm: FloatArray
    source_uid: str
    mask: npt.NDArray[np.bool_]


def seg_frames(seg: Dataset) -> Iterator[SegFrame]:
    """The frames of a BINARY segmentation in native encoding.

    Raises ``ValueError`` or a pydicom error when the object is not one: the caller decides what that means.
    """
    if (seg.SegmentationType, seg.BitsAllocated) != ("BINARY", 1):
        raise ValueError("not a BINARY segmentation")
    rows, columns = int(seg.Rows), int(seg.Columns)
    shared = seg.SharedFunctionalGroupsSequence[0]
    along_row, along_column = np.array(_group(shared, "PlaneOrientation").ImageOrientationPatient, float).reshape(2, 3)
    row_mm, column_mm = (float(v) for v in _group(shared, "PixelMeasures").PixelSpacing)
    to_corners = np.array([np.zeros(3), along_row * column_mm * (columns - 1), along_column * row_mm * (rows - 1)])
    packed = np.frombuffer(seg.PixelData, np.uint8)
    if packed.size * 8 < int(seg.NumberOfFrames) * rows * columns:
        raise ValueError("pixel data is shorter than its frames")
    for n, groups in enumerate(seg.PerFrameFunctionalGroupsSequence):
        position = np.array(_group(groups, "PlanePosition").ImagePositionPatient, float)
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        yield SegFrame(
            segment=int(_group(groups, "SegmentIdentification").ReferencedSegmentNumber),
            corners_mm=position + to_corners,
            source_uid=str(source.ReferencedSOPInstanceUID),
            mask=_bits(packed, n * rows * columns, rows * columns).reshape(rows, columns),
        )


def _group(groups: Dataset, name: str) -> Dataset:
    item: Dataset = groups[f"{name}Sequence"].value[0]
    return item


def _bits(packed: npt.NDArray[np.uint8], start: int, count: int) -> npt.NDArray[np.bool_]:
    """``count`` bits from bit ``start`` on, least significant first; frames need not begin at a byte (PS3.5 D.2.1)."""
    first = start // 8
    bits = np.unpackbits(packed[first : (start + count + 7) // 8], bitorder="little")
    return bits[start - first * 8 : start - first * 8 + count].view(np.bool_)
