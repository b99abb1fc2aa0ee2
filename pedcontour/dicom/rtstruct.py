"""RT Structure Set: the contours as planning systems import them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
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
from pedcontour.dicom.codes import ANATOMICAL_STRUCTURE, ARTIFICIAL_INTELLIGENCE, code_item, organ_item
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.contours import slice_to_lps_mm, trace_mask
from pedcontour.dicom.identity import IMPLEMENTATION_CLASS_UID, ResultIdentity
from pedcontour.dicom.rois import Roi
from pedcontour.volume import FloatArray

SERIES_NUMBER = 9001
"""High enough to sort after the images of a study; a number must not be derived from theirs, which may be empty."""

STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management, retired as a service and still the class that RTReferencedStudySequence names."""

CONTOUR_DATA = 0x30060050

DECIMALS = 3
"""Of coordinates in mm: micrometres are ample, and DS allows 16 characters, beyond which a planning system rejects a
file."""


def write_rtstruct(result: ContouredSeries, path: Path, *, keyholes: bool = False) -> None:
    """Write the contours as an RTSTRUCT file, implicit VR little endian.

    The transfer syntax matters: explicit VR limits one ContourData to 64 KiB. Holes are rings within rings, which
    planning systems read by the even-odd rule; ``keyholes`` cuts them into the outer ring, for readers that would fill
    them.
    """
    dataset = build_rtstruct(result, keyholes=keyholes)
    dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=True)


def build_rtstruct(result: ContouredSeries, *, keyholes: bool = False) -> Dataset:
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
    dataset.StructureSetROISequence = [_structure(roi, result) for roi in result.rois]
    dataset.ROIContourSequence = list(_contoured(result, keyholes))
    dataset.RTROIObservationsSequence = [_observation(n, roi) for n, roi in enumerate(result.rois, start=1)]
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
    series.ContourImageSequence = [_image_item(header) for header in result.series.headers]
    study = Dataset()
    study.ReferencedSOPClassUID = STUDY_CLASS
    study.ReferencedSOPInstanceUID = result.series.study_uid
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = result.series.frame_of_reference_uid
    frame.RTReferencedStudySequence = [study]
    return frame


def _image_item(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item


def _structure(roi: Roi, result: ContouredSeries) -> Dataset:
    item = Dataset()
    item.ROINumber = roi.number
    item.ReferencedFrameOfReferenceUID = result.series.frame_of_reference_uid
    item.ROIName = roi.name
    item.ROIDescription = f"{roi.organ.name}. {result.origin.description}."
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


def _contoured(result: ContouredSeries, keyholes: bool) -> Iterator[Dataset]:
    for roi, box, mask in result.masks():
        item = Dataset()
        item.ROIDisplayColor = list(roi.organ.colour)
        item.ReferencedROINumber = roi.number
        corner = np.array([box[1].start, box[2].start])
        item.ContourSequence = [
            _contour(number, result.series.headers[box[0].start + k], ring + corner)
            for number, (k, ring) in enumerate(trace_mask(mask, keyholes=keyholes), start=1)
        ]
        yield item


def _contour(number: int, header: Dataset, ring: FloatArray) -> Dataset:
    """One closed contour of one slice, ``ring`` in that slice's ``(j, i)``."""
    item = Dataset()
    item.ContourImageSequence = [_image_item(header)]
    item.ContourGeometricType = "CLOSED_PLANAR"
    item.NumberOfContourPoints = len(ring)
    item.ContourNumber = number
    # As bytes: pydicom would make an object of each of a million numbers.
    item[CONTOUR_DATA] = as_bytes(CONTOUR_DATA, decimal_strings(slice_to_lps_mm(header, ring)))
    hold_bytes(item, implicit_vr=True)
    return item


def decimal_strings(points_mm: FloatArray) -> bytes:
    """Coordinates as the values of a DS element, ``DECIMALS`` digits after the point and no minus before zero."""
    values = (np.round(points_mm, DECIMALS) + 0.0).ravel().tolist()
    return ("\\".join([f"%.{DECIMALS}f"] * len(values)) % tuple(values)).encode("ascii")


def _observation(number: int, roi: Roi) -> Dataset:
    item = Dataset()
    item.ObservationNumber = number
    item.ReferencedROINumber = roi.number
    item.ROIObservationLabel = roi.name
    item.SegmentedPropertyCategoryCodeSequence = [code_item(ANATOMICAL_STRUCTURE)]
    item.RTROIIdentificationCodeSequence = [organ_item(roi.organ)]
    item.RTROIInterpretedType = "ORGAN"
    item.ROIInterpreter = None
    return item
