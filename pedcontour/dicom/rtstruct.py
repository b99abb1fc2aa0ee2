"""RT Structure Set: the contours as planning systems import them."""

from collections.abc import Iterator
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

from pedcontour.dicom.attributes import (
    IMPLEMENTATION_VERSION,
    algorithm_name,
    as_bytes,
    copy_from_ct,
    da,
    describe_result,
    hold_bytes,
    tm,
)
from pedcontour.dicom.codes import ARTIFICIAL_INTELLIGENCE, code_item
from pedcontour.dicom.contour_items import ContourSlices, image_item
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.contours import trace_mask
from pedcontour.dicom.identity import IMPLEMENTATION_CLASS_UID, ResultIdentity
from pedcontour.dicom.rois import Roi

SERIES_NUMBER = 9001
"""High enough to sort after the images of a study; a number must not be derived from theirs, which may be empty."""

STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management, retired as a service and still the class that RTReferencedStudySequence names."""

IMAGES, CONTOURS = 0x30060016, 0x30060040
"""Contour Image Sequence, Contour Sequence."""

MAX_SH_LENGTH = 16
"""Most characters of an SH value (PS3.5 6.2)."""


def write_rtstruct(result: ContouredSeries, path: Path) -> None:
    """Write the contours as an RTSTRUCT file, implicit VR little endian, in the style of ``result``.

    The transfer syntax matters: explicit VR limits one ContourData to 64 KiB. Holes are rings within rings, which
    planning systems read by the even-odd rule, or keyholes cut into the outer ring, for readers that would fill them.
    """
    dataset = build_rtstruct(result)
    dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=True)


def build_rtstruct(result: ContouredSeries) -> Dataset:
    """The data set of the RTSTRUCT, ready to be written in implicit VR little endian."""
    dataset = Dataset()
    dataset.SOPClassUID = RTStructureSetStorage
    dataset.Modality = "RTSTRUCT"
    dataset.OperatorsName = None
    describe_result(dataset, result, purpose="rtstruct", series_number=SERIES_NUMBER)
    copy_from_ct(result.series.headers[0], dataset)
    dataset.StructureSetLabel = result.origin.label
    dataset.StructureSetName = result.origin.description
    dataset.StructureSetDescription = f"{result.origin.notice} {algorithm_name(result.identity)}"
    dataset.StructureSetDate, dataset.StructureSetTime = da(result.identity.created), tm(result.identity.created)
    dataset.ApprovalStatus = "UNAPPROVED"
    dataset.ReferencedFrameOfReferenceSequence = [_referenced_frame(result)]
    dataset.StructureSetROISequence = [_structure(roi, result) for roi in result.named]
    contoured = {roi.number: item for roi, item in _contoured(result)}
    dataset.ROIContourSequence = [contoured.get(roi.number) or _shown(roi) for roi in result.named]
    dataset.RTROIObservationsSequence = [_observation(n, roi) for n, roi in enumerate(result.named, start=1)]
    dataset.file_meta = _file_meta(dataset)
    hold_bytes(dataset, implicit_vr=True)
    return dataset


def _file_meta(dataset: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ImplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    return meta


def _referenced_frame(result: ContouredSeries) -> Dataset:
    """Frame of reference > study > series > every slice: how a planning system finds the images."""
    series = Dataset()
    series.SeriesInstanceUID = result.series.series_uid
    images = b"".join(image_item(header) for header in result.series.headers)
    series[IMAGES] = as_bytes(IMAGES, images, implicit_vr=True)
    hold_bytes(series, implicit_vr=True)
    study = Dataset()
    study.ReferencedSOPClassUID = STUDY_CLASS
    study.ReferencedSOPInstanceUID = result.series.study_uid
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = result.series.frame_of_reference_uid
    frame.RTReferencedStudySequence = [study]
    return frame


def _structure(roi: Roi, result: ContouredSeries) -> Dataset:
    item = Dataset()
    item.ROINumber = roi.number
    item.ReferencedFrameOfReferenceUID = result.series.frame_of_reference_uid
    item.ROIName = roi.name
    item.ROIDescription = f"{roi.words}. {result.origin.description}."
    item.ROIGenerationAlgorithm = "AUTOMATIC"
    item.ROIGenerationDescription = algorithm_name(result.identity)
    if result.origin.by_network:
        item.ROIDerivationAlgorithmIdentificationSequence = [algorithm_item(result.identity)]
    return item


def algorithm_item(identity: ResultIdentity) -> Dataset:
    """The algorithm identification macro (PS3.3 table 10-19) of a neural network, as both formats carry it."""
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [code_item(ARTIFICIAL_INTELLIGENCE)]
    item.AlgorithmName = algorithm_name(identity)
    item.AlgorithmVersion = identity.software_version[:64]
    item.AlgorithmParameters = f"model={identity.model_id},sha256={identity.model_digest}"
    item.AlgorithmSource = "pedcontour"
    return item


def _shown(roi: Roi) -> Dataset:
    """The item of a region without contours, which the standard allows (ContourSequence is of type 3)."""
    item = Dataset()
    item.ROIDisplayColor = list(roi.colour)
    item.ReferencedROINumber = roi.number
    return item


def _contoured(result: ContouredSeries) -> Iterator[tuple[Roi, Dataset]]:
    slices = ContourSlices(result.series.headers)
    keyholes = result.style.holes == "keyhole"
    for roi, box, mask in result.masks():
        item = _shown(roi)
        rings = trace_mask(mask, keyholes=keyholes).moved([side.start for side in box])
        # As bytes: pydicom would make ten objects of each of five thousand contours.
        item[CONTOURS] = as_bytes(CONTOURS, slices.items(rings, result.style.decimals), implicit_vr=True)
        hold_bytes(item, implicit_vr=True)
        yield roi, item


def _observation(number: int, roi: Roi) -> Dataset:
    item = Dataset()
    item.ObservationNumber = number
    item.ReferencedROINumber = roi.number
    if len(roi.name) <= MAX_SH_LENGTH:  # left out rather than cut: two long names may begin alike
        item.ROIObservationLabel = roi.name
    item.SegmentedPropertyCategoryCodeSequence = [roi.category_item()]
    item.RTROIIdentificationCodeSequence = [roi.type_item()]
    # Empty is allowed (type 2) and means that nobody has said: what is kept for review must not be planned with.
    item.RTROIInterpretedType = None if roi.review else "ORGAN"
    item.ROIInterpreter = None
    return item
