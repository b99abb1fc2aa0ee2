"""The SEG carries the label map itself, numbered as the model numbers it."""

from copy import deepcopy
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset, dcmread

from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.rois import rois_of
from pedcontour.dicom.seg import build_seg, write_seg
from pedcontour.organs import all_organs, default_labels
from pedcontour.volume import Grid, LabelMap
from tests.made_series import IDENTITY, bodies, grid_for, made_result, made_series, oblique_orientation

GRID = grid_for((12, 40, 44), (9.0, 3.0, 3.0))
SERIES = made_series(GRID)
DRAWN = [1, 2, 3, 5, 9, 11]


@pytest.fixture(scope="module")
def seg(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("seg") / "seg.dcm"
    write_seg(made_result(SERIES, bodies(GRID)), path)
    return dcmread(path)


def _volume(path: Path, grid: Grid) -> np.ndarray:
    """The label map as highdicom reads it, in the order of the grid."""
    read = hd.seg.segread(path).get_volume(combine_segments=True, rescale_fractional=False)
    matched = read.match_geometry(hd.Volume(np.zeros(grid.shape, np.uint8), grid.affine, coordinate_system="PATIENT"))
    return np.asarray(matched.array)


def test_segment_numbers_are_the_labels_of_the_model(seg: Dataset) -> None:
    assert [item.SegmentNumber for item in seg.SegmentSequence] == list(range(1, 20))
    frames = {
        int(groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        for groups in seg.PerFrameFunctionalGroupsSequence
    }
    assert sorted(frames) == DRAWN


def test_what_was_not_drawn_says_so_in_its_label(seg: Dataset) -> None:
    for item in seg.SegmentSequence:
        organ = all_organs()[list(all_organs())[item.SegmentNumber - 1]]
        expected = organ.tg263 if item.SegmentNumber in DRAWN else f"{organ.tg263} (not drawn)"
        assert item.SegmentLabel == expected


def test_every_segment_says_what_it_is_and_what_drew_it(seg: Dataset) -> None:
    kidney = seg.SegmentSequence[2]
    assert kidney.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "91723000"
    assert kidney.SegmentedPropertyTypeCodeSequence[0].CodeValue == "64033007"
    modifier = kidney.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence[0]
    assert modifier.CodeValue == "7771000"
    assert kidney.SegmentAlgorithmType == "AUTOMATIC"
    (algorithm,) = kidney.SegmentationAlgorithmIdentificationSequence
    assert IDENTITY.model_digest in algorithm.AlgorithmParameters
    assert kidney.TrackingUID == IDENTITY.uid("tracking-3")


def test_it_is_binary_on_the_frame_of_reference_and_refers_to_the_slices(seg: Dataset) -> None:
    assert (seg.SegmentationType, seg.BitsAllocated, seg.SegmentsOverlap) == ("BINARY", 1, "NO")
    assert seg.FrameOfReferenceUID == SERIES.frame_of_reference_uid
    (series,) = seg.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == SERIES.series_uid
    assert {i.ReferencedSOPInstanceUID for i in series.ReferencedInstanceSequence} <= set(SERIES.instance_uids)
    for groups in seg.PerFrameFunctionalGroupsSequence:
        position = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
        k = round(float(GRID.to_index(position)[0]))
        (source,) = groups.DerivationImageSequence[0].SourceImageSequence
        assert source.ReferencedSOPInstanceUID == SERIES.instance_uids[k]


def test_it_says_that_no_one_has_reviewed_it(seg: Dataset) -> None:
    assert seg.SeriesDescription == "AI-generated, not reviewed"
    assert seg.ContentLabel == "AI_NOT_REVIEWED"
    assert seg.ManufacturerModelName == IDENTITY.model_id
    assert IDENTITY.model_digest in seg.SoftwareVersions


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (0, 1, 0, -1, 0, 0), oblique_orientation()])
def test_another_reader_finds_the_label_map_in_its_place(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    grid = grid_for((11, 30, 37), (9.0, 4.0, 3.0), orientation)
    voxels = bodies(grid)
    write_seg(made_result(made_series(grid), voxels), tmp_path / "seg.dcm")
    assert (_volume(tmp_path / "seg.dcm", grid) == voxels).all()


def test_labels_that_no_region_names_are_left_out(tmp_path: Path) -> None:
    voxels = bodies(GRID)
    labels = LabelMap(GRID, voxels, default_labels())
    result = ContouredSeries(SERIES, labels, rois_of(labels, ("liver", "kidney_left")), IDENTITY)
    write_seg(result, tmp_path / "seg.dcm")
    assert (_volume(tmp_path / "seg.dcm", GRID) == np.where(np.isin(voxels, (3, 5)), voxels, 0)).all()


def test_a_model_with_gaps_in_its_labels_keeps_its_numbers(tmp_path: Path) -> None:
    voxels = np.zeros(GRID.shape, np.uint8)
    voxels[2:5, 10:20, 10:20] = 7
    labels = LabelMap(GRID, voxels, {4: "spleen", 7: "liver"})
    write_seg(ContouredSeries(SERIES, labels, rois_of(labels, ("liver",)), IDENTITY), tmp_path / "seg.dcm")
    segments = dcmread(tmp_path / "seg.dcm").SegmentSequence
    assert [s.SegmentLabel for s in segments[3:]] == [
        "Spleen (not drawn)",
        "Label 5 (not drawn)",
        "Label 6 (not drawn)",
        "Liver",
    ]
    assert (_volume(tmp_path / "seg.dcm", GRID) == voxels).all()


def test_headers_without_optional_attributes_are_enough(tmp_path: Path) -> None:
    missing = dict.fromkeys(("PatientID", "PatientName", "PatientSex", "AccessionNumber", "StudyID", "StudyTime"))
    series = made_series(GRID, **missing, SpecificCharacterSet=None, PositionReferenceIndicator=None)
    write_seg(made_result(series, bodies(GRID)), tmp_path / "seg.dcm")
    assert dcmread(tmp_path / "seg.dcm").PatientID == ""


@pytest.mark.parametrize("shape", [(12, 40, 44), (9, 5, 7), (11, 31, 37)])
def test_frames_are_those_that_highdicom_makes_of_the_whole_label_map(shape: tuple[int, int, int]) -> None:
    grid = grid_for(shape, (90 / shape[0], 120 / shape[1], 130 / shape[2]), oblique_orientation())
    result = made_result(made_series(grid), bodies(grid))
    ours = build_seg(result)
    theirs = hd.seg.Segmentation(
        source_images=[_with_patient(header) for header in result.series.headers],
        pixel_array=result.labels.voxels,
        segmentation_type="BINARY",
        segment_descriptions=[hd.seg.SegmentDescription.from_dataset(item) for item in ours.SegmentSequence],
        series_instance_uid=ours.SeriesInstanceUID,
        series_number=1,
        sop_instance_uid=ours.SOPInstanceUID,
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="1",
    )
    assert (ours.Rows, ours.Columns, ours.NumberOfFrames) == (theirs.Rows, theirs.Columns, theirs.NumberOfFrames)
    used = (ours.NumberOfFrames * shape[1] * shape[2] + 7) // 8  # beyond lies padding, which highdicom does not zero
    assert ours.PixelData[:used] == theirs.PixelData[:used]
    assert not any(ours.PixelData[used:])
    for keyword in ("PerFrameFunctionalGroupsSequence", "ReferencedSeriesSequence"):
        assert ours[keyword].to_json_dict(None, 1) == theirs[keyword].to_json_dict(None, 1)


def _with_patient(header: Dataset) -> Dataset:
    """A header with what highdicom asks for and ours lack."""
    whole = deepcopy(header)
    whole.SliceThickness = 1.0
    return whole
