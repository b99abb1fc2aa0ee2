"""Whom and what a written result names: compared with the CT it was drawn on, attribute by attribute."""

from collections.abc import Iterator

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag

from pedcontour.dicom.attributes import COPIED
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.errors import IdentityMismatchError


def check_identity(purpose: str, dataset: Dataset, result: ContouredSeries) -> None:
    """Check that a result of ``purpose`` ("rtstruct" or "seg") names its own job and its own CT, and nothing else.

    Raises ``IdentityMismatchError``, which names attributes and never their values.
    """
    header = result.series.headers[0]
    for tag in COPIED:
        if not _same(header, dataset, tag):
            raise IdentityMismatchError(f"{purpose}: {keyword_for_tag(tag)} differs from the CT")
    expected = {"SOPInstanceUID": result.identity.uid(f"{purpose}-instance")}
    expected["SeriesInstanceUID"] = result.identity.uid(f"{purpose}-series")
    for keyword, uid in expected.items():
        if str(dataset.get(keyword, "")) != uid:
            raise IdentityMismatchError(f"{purpose}: {keyword} is not that of the job")
    referenced = _rtstruct_references if purpose == "rtstruct" else _seg_references
    allowed = {
        "frame of reference": {result.series.frame_of_reference_uid},
        "study": {result.series.study_uid},
        "series": {result.series.series_uid},
        "image": set(result.series.instance_uids),
    }
    seen = set()
    for kind, uid in referenced(dataset):
        if uid not in allowed[kind]:
            raise IdentityMismatchError(f"{purpose}: refers to another {kind} than the CT's")
        seen.add(kind)
    if not {"frame of reference", "series", "image"} <= seen:
        raise IdentityMismatchError(f"{purpose}: does not refer to the CT")


def _same(header: Dataset, dataset: Dataset, tag: BaseTag) -> bool:
    mine, theirs = dataset.get_item(tag), header.get_item(tag)
    if isinstance(mine, RawDataElement) and isinstance(theirs, RawDataElement) and dataset[tag].VR != "SQ":
        return (mine.value or b"").rstrip(b" \0") == (theirs.value or b"").rstrip(b" \0")
    return _value(dataset, tag) == _value(header, tag)


def _value(dataset: Dataset, tag: BaseTag) -> object:
    value = dataset[tag].value if tag in dataset else None
    return None if value in (None, "") or (hasattr(value, "__len__") and len(value) == 0) else value


def _rtstruct_references(rtstruct: Dataset) -> Iterator[tuple[str, str]]:
    for frame in rtstruct.ReferencedFrameOfReferenceSequence:
        yield "frame of reference", str(frame.FrameOfReferenceUID)
        for study in frame.RTReferencedStudySequence:
            yield "study", str(study.ReferencedSOPInstanceUID)
            for series in study.RTReferencedSeriesSequence:
                yield "series", str(series.SeriesInstanceUID)
                for image in series.ContourImageSequence:
                    yield "image", str(image.ReferencedSOPInstanceUID)
    for roi in rtstruct.StructureSetROISequence:
        yield "frame of reference", str(roi.ReferencedFrameOfReferenceUID)
    for item in rtstruct.ROIContourSequence:
        for contour in item.get("ContourSequence", []):
            for image in contour.ContourImageSequence:
                yield "image", str(image.ReferencedSOPInstanceUID)


def _seg_references(seg: Dataset) -> Iterator[tuple[str, str]]:
    yield "frame of reference", str(seg.FrameOfReferenceUID)
    for series in seg.ReferencedSeriesSequence:
        yield "series", str(series.SeriesInstanceUID)
        for image in series.ReferencedInstanceSequence:
            yield "image", str(image.ReferencedSOPInstanceUID)
    for groups in seg.PerFrameFunctionalGroupsSequence:
        for derivation in groups.DerivationImageSequence:
            for image in derivation.SourceImageSequence:
                yield "image", str(image.ReferencedSOPInstanceUID)
