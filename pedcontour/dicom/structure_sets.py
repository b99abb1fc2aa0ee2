"""Structure sets that others wrote: what they refer to, which regions they name, and these as masks.

They come from every planning system there is and from broken copies. Whatever is in the bytes, the answer is a
structure set or a ``StructureSetError``; one that was cut off is refused, since the contours at its end would be
missing and nobody would see it.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import RawDataElement
from pydicom.filereader import read_dataset
from pydicom.uid import RTStructureSetStorage

from pedcontour.dicom.headers import UID_PATTERN, has_known_characters, quiet_pydicom, text_of
from pedcontour.dicom.instances import Instance, open_after_header, read_instance
from pedcontour.dicom.nesting import is_whole
from pedcontour.dicom.rasterise import CLOSED, CONTOUR_DATA, RoiMask, rasterise_rois
from pedcontour.dicom.series import CtSeries
from pedcontour.errors import PedcontourError, StoreError, StructureSetError

LEAST_POINTS = 3
"""A closed contour of one or two points, as careless exporters write them, encloses nothing."""


@dataclass(frozen=True)
class NamedRoi:
    """A region of a structure set: its number, its name, its closed contours, and those of them without an area."""

    number: int
    name: str
    contours: int
    specks: int = 0


@dataclass(frozen=True, eq=False)
class StructureSet:
    """An RTSTRUCT as read: the images it refers to and the regions it names, in its own order.

    ``images`` are SOP Instance UIDs, of the list of the whole structure set and of every contour. ``dated`` is date
    and time of the structure set as DICOM writes them, empty if unknown: for comparing only.
    """

    header: Dataset = field(repr=False)
    frames: frozenset[str]
    series: frozenset[str]
    images: frozenset[str]
    dated: str
    rois: tuple[NamedRoi, ...]
    content: Dataset = field(repr=False)

    def masks(self, numbers: Collection[int], ct: CtSeries) -> Iterator[RoiMask]:
        """The regions of these numbers on the grid of ``ct``, one after the other; specks are passed over.

        Raises ``StructureSetError`` as ``rasterise_rois`` does, when a region lies in another frame of reference, and
        when its contours cannot be read.
        """
        with _guarded():
            for roi in self.content.get("StructureSetROISequence", []):
                frame = _uid(roi, "ReferencedFrameOfReferenceUID")
                if int(roi.ROINumber) in numbers and frame and frame != ct.frame_of_reference_uid:
                    raise StructureSetError(f"ROI {int(roi.ROINumber)} lies in another frame of reference than the CT")
            yield from rasterise_rois(self.content, ct, numbers)


def is_structure_set(instance: Instance) -> bool:
    """Whether a file says that it is an RTSTRUCT."""
    return text_of(instance.header, "SOPClassUID") == RTStructureSetStorage or instance.stated_class == (
        RTStructureSetStorage
    )


def read_structure_set(path: Path) -> StructureSet:
    """Read an RTSTRUCT in any transfer syntax, with or without a preamble.

    Raises ``StructureSetError`` when it is none, is cut off or cannot be parsed; ``StoreError`` when the disk does not
    give its bytes.
    """
    instance = read_instance(path)
    if not isinstance(instance, Instance) or not is_structure_set(instance):
        raise StructureSetError("the file cannot be read as a structure set")
    if not has_known_characters(instance.header):
        raise StructureSetError("its character set is none of DICOM's")
    with _guarded():
        return _read(instance)


@contextmanager
def _guarded() -> Iterator[None]:
    """No foreign error leaves: pydicom raises whatever the first assumption to break happens to raise."""
    try:
        with quiet_pydicom():
            yield
    except (PedcontourError, MemoryError, GeneratorExit):
        raise
    except OSError as error:
        raise StoreError(f"an input file cannot be read: {type(error).__name__}") from None
    except (Exception, RecursionError) as error:
        raise StructureSetError(f"the structure set cannot be read: {type(error).__name__}") from None


def _read(instance: Instance) -> StructureSet:
    with open_after_header(instance) as stream:
        body = stream.read()
    if not is_whole(body, implicit=instance.implicit, little_endian=instance.little_endian):
        raise StructureSetError("the structure set is cut off or damaged")
    terms = text_of(instance.header, "SpecificCharacterSet")
    encoding = convert_encodings(terms.split("\\")) if terms else default_encoding
    content = read_dataset(BytesIO(body), instance.implicit, instance.little_endian, parent_encoding=encoding)
    numbers = [int(roi.ROINumber) for roi in content.get("StructureSetROISequence", [])]
    if len(set(numbers)) < len(numbers):
        raise StructureSetError("two ROIs have one number")
    drawn = _drop_specks(content)
    return StructureSet(
        instance.header,
        frozenset(_frames(content)),
        frozenset(_series(content)),
        frozenset(_images(content)),
        _one_line(content, "StructureSetDate") + _one_line(content, "StructureSetTime"),
        tuple(
            NamedRoi(int(roi.ROINumber), _one_line(roi, "ROIName"), *drawn.get(int(roi.ROINumber), (0, 0)))
            for roi in content.get("StructureSetROISequence", [])
        ),
        content,
    )


def _drop_specks(content: Dataset) -> dict[int, tuple[int, int]]:
    """Take contours without an area out of the sequences; returns closed contours left and taken out, by ROI number.

    Raises ``StructureSetError`` for a second list of contours of one ROI, of which only one would be drawn.
    """
    counts: dict[int, tuple[int, int]] = {}
    for item in content.get("ROIContourSequence", []):
        closed = [c for c in item.get("ContourSequence", []) if str(c.get("ContourGeometricType", "")) in CLOSED]
        kept = [contour for contour in closed if _has_area(contour)]
        number = int(item.ReferencedROINumber)
        if number in counts:
            raise StructureSetError(f"ROI {number} has two lists of contours")
        counts[number] = (len(kept), len(closed) - len(kept))
        if "ContourSequence" in item:
            item.ContourSequence = kept
    return counts


def _has_area(contour: Dataset) -> bool:
    element = contour.get_item(CONTOUR_DATA)
    if isinstance(element, RawDataElement):
        return (element.value or b"").count(b"\\") + 1 >= 3 * LEAST_POINTS
    return len(contour.get("ContourData") or ()) >= 3 * LEAST_POINTS


def _frames(content: Dataset) -> Iterator[str]:
    for frame in content.get("ReferencedFrameOfReferenceSequence", []):
        yield from _found(frame, "FrameOfReferenceUID")
    for roi in content.get("StructureSetROISequence", []):
        yield from _found(roi, "ReferencedFrameOfReferenceUID")


def _series(content: Dataset) -> Iterator[str]:
    for series in _referenced_series(content):
        yield from _found(series, "SeriesInstanceUID")


def _images(content: Dataset) -> Iterator[str]:
    for series in _referenced_series(content):
        yield from _references(series.get("ContourImageSequence", []))
    for item in content.get("ROIContourSequence", []):
        for contour in item.get("ContourSequence", []):
            yield from _references(contour.get("ContourImageSequence", []))


def _referenced_series(content: Dataset) -> Iterator[Dataset]:
    for frame in content.get("ReferencedFrameOfReferenceSequence", []):
        for study in frame.get("RTReferencedStudySequence", []):
            yield from study.get("RTReferencedSeriesSequence", [])


def _references(images: Sequence[Dataset]) -> Iterator[str]:
    for image in images:
        yield from _found(image, "ReferencedSOPInstanceUID")


def _found(item: Dataset, keyword: str) -> Iterator[str]:
    uid = _uid(item, keyword)
    if uid:
        yield uid


def _uid(item: Dataset, keyword: str) -> str:
    value = text_of(item, keyword)
    return value if UID_PATTERN.fullmatch(value) else ""


def _one_line(item: Dataset, keyword: str) -> str:
    """A text on one line, without control characters: it is printed."""
    value: Any = item.get(keyword)
    return "".join(sign if sign.isprintable() else " " for sign in str(value or "")).strip()
