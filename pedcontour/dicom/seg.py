"""DICOM Segmentation: the mask itself, for archives, viewers and research.

Segment Number is the model's label, always. The standard wants the numbers of a BINARY segmentation to run from 1
without a gap (PS3.3 C.8.20.2.4), and readers built on DCMTK insist. So every label up to the model's last is
described; what was not drawn is described as such and has no frames, which the standard allows. A LABELMAP has the
same list, so that the two encodings say the same; its pixels are the labels themselves.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from pedcontour.dicom.attributes import (
    IMPLEMENTATION_VERSION,
    MANUFACTURER,
    algorithm_name,
    copy_from_ct,
    da,
    describe_result,
    hold_bytes,
    model_name,
    tags_of,
    tm,
)
from pedcontour.dicom.codes import ANATOMICAL_STRUCTURE, cielab, code_item
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.identity import IMPLEMENTATION_CLASS_UID
from pedcontour.dicom.rois import Roi
from pedcontour.dicom.rtstruct import algorithm_item
from pedcontour.dicom.seg_frames import fill_frames, stand_in_labels
from pedcontour.organs import all_organs

SERIES_NUMBER = 9002
"""Next to the RTSTRUCT's; see there."""

PIXEL_PADDING = "PixelPaddingValue"

NOT_DRAWN = " (not drawn)"
"""Follows the label of a segment without voxels, so that no list of segments can be taken for a list of organs."""

GEOMETRY = (
    "SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID Modality",
    "ImagePositionPatient ImageOrientationPatient PixelSpacing",
)
"""What highdicom needs of a slice. It gets no more: it parses the patient's attributes, some of which may be
malformed."""


def write_seg(result: ContouredSeries, path: Path) -> None:
    """Write the labels as a segmentation, explicit VR little endian, in the encoding of the style."""
    dataset = build_seg(result)
    dataset.save_as(path, implicit_vr=False, little_endian=True, enforce_file_format=True)


def build_seg(result: ContouredSeries) -> Dataset:
    """The data set of the SEG: its form by highdicom, the pixels of a BINARY one, identity and words by us."""
    if result.style.seg_encoding == "binary":
        dataset = _encode(result, stand_in_labels(result))
        fill_frames(dataset, result)
    else:
        dataset = _encode(result, _labels_to_write(result))
    describe_result(dataset, result, purpose="seg", series_number=SERIES_NUMBER)
    copy_from_ct(result.series.headers[0], dataset)
    dataset.ContentDate, dataset.ContentTime = da(result.identity.created), tm(result.identity.created)
    dataset.SegmentSequence = _segments(result)
    dimensions = result.identity.uid("seg-dimensions")
    for item in (*dataset.DimensionOrganizationSequence, *dataset.DimensionIndexSequence):
        item.DimensionOrganizationUID = dimensions
    meta = dataset.file_meta
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.ImplementationClassUID, meta.ImplementationVersionName = IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
    # pydicom settles these only where it re-encodes, which hold_bytes stops.
    dataset["PixelData"].VR = "OB"
    if PIXEL_PADDING in dataset:
        dataset[PIXEL_PADDING].VR = "US"
    hold_bytes(dataset, implicit_vr=False)
    return dataset


def _encode(result: ContouredSeries, labels: npt.NDArray[np.uint8]) -> Dataset:
    """Let highdicom lay out frames, functional groups and references, for a label map with as many slices."""
    import highdicom as hd  # slow to import, and only this function needs it

    k_mm, j_mm, i_mm = result.series.volume.grid.spacing_mm
    identity = result.identity
    return hd.seg.Segmentation(
        source_images=[_geometry(header, k_mm, labels.shape[1:]) for header in result.series.headers],
        pixel_array=labels,
        segmentation_type=hd.seg.SegmentationTypeValues(result.style.seg_encoding.upper()),
        segment_descriptions=[hd.seg.SegmentDescription.from_dataset(item) for item in _segments(result)],
        series_instance_uid=identity.uid("seg-series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=identity.uid("seg-instance"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=model_name(identity),
        software_versions=identity.software_version,
        device_serial_number=identity.model_digest[:64],
        content_label=result.origin.label.upper().replace(" ", "_"),  # CS: capitals, no spaces
        content_description=result.origin.notice[:64],
        transfer_syntax_uid=ExplicitVRLittleEndian,
        pixel_measures=hd.PixelMeasuresSequence((j_mm, i_mm), slice_thickness=k_mm, spacing_between_slices=k_mm),
    )


def _geometry(header: Dataset, slice_spacing_mm: float, shape: tuple[int, ...]) -> Dataset:
    """A CT header with the attributes of ``GEOMETRY`` and nothing of the patient."""
    slim = Dataset()
    slim.SliceThickness = slice_spacing_mm  # asked for and not used: the pixel measures are ours
    for tag in tags_of(GEOMETRY):
        slim[tag] = header[tag]
    slim.Rows, slim.Columns = shape
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(slim, keyword, "")
    slim.StudyDate = slim.StudyTime = None
    return slim


def _labels_to_write(result: ContouredSeries) -> npt.NDArray[np.uint8]:
    """The label map without the labels that no region names, axes ``(k, j, i)``."""
    if result.labels.boxes.keys() == {roi.number for roi in result.rois}:
        return result.labels.voxels
    kept = np.zeros(256, dtype=np.uint8)
    for roi in result.rois:
        kept[roi.number] = roi.number
    return kept[result.labels.voxels]


def _segments(result: ContouredSeries) -> list[Dataset]:
    """One description a label, from 1 to the model's last."""
    drawn = {roi.number for roi in result.rois}
    organs = all_organs()
    labels = {**result.labels.organs, **result.labels.review}
    segments = []
    for number in range(1, max(labels) + 1):
        organ = organs.get(labels.get(number, ""))
        if organ is None:
            segments.append(_unused(number, result))
        else:
            roi = Roi(number, organ, result.style.names, review=number in result.labels.review)
            segments.append(_segment(roi, result, drawn=number in drawn))
    return segments


def _segment(roi: Roi, result: ContouredSeries, *, drawn: bool) -> Dataset:
    item = _unused(roi.number, result)
    item.SegmentLabel = roi.name if drawn else roi.name + NOT_DRAWN
    item.SegmentDescription = (
        f"{roi.words}. {result.origin.description}." if drawn else f"{roi.words}. Has no voxels here."
    )
    item.SegmentedPropertyCategoryCodeSequence = [roi.category_item()]
    item.SegmentedPropertyTypeCodeSequence = [roi.type_item()]
    item.RecommendedDisplayCIELabValue = cielab(roi.colour)
    item.TrackingID = f"{result.identity.job_id[:40]} {roi.name}"
    item.TrackingUID = result.identity.uid(f"tracking-{roi.number}")
    return item


def _unused(number: int, result: ContouredSeries) -> Dataset:
    """A segment for a label that the model does not use: there so that the numbers have no gap."""
    item = Dataset()
    item.SegmentNumber = number
    item.SegmentLabel = f"Label {number}" + NOT_DRAWN
    item.SegmentAlgorithmType = "AUTOMATIC"
    item.SegmentAlgorithmName = algorithm_name(result.identity)
    if result.origin.by_network:
        item.SegmentationAlgorithmIdentificationSequence = [algorithm_item(result.identity)]
    item.SegmentedPropertyCategoryCodeSequence = [code_item(ANATOMICAL_STRUCTURE)]
    item.SegmentedPropertyTypeCodeSequence = [code_item(ANATOMICAL_STRUCTURE)]
    return item
