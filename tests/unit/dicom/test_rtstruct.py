"""The RTSTRUCT says what planning systems need to import it, and no more than they can take."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from pedcontour.dicom.contour_items import decimal_strings
from pedcontour.dicom.rtstruct import write_rtstruct
from pedcontour.organs import all_organs
from tests.made_series import IDENTITY, bodies, grid_for, made_result, made_series

GRID = grid_for((12, 40, 44), (9.0, 3.0, 3.0))
SERIES = made_series(GRID)


@pytest.fixture(scope="module")
def rtstruct(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("rtstruct") / "rtstruct.dcm"
    write_rtstruct(made_result(SERIES, bodies(GRID)), path)
    return dcmread(path)


def test_it_is_implicit_little_endian_so_that_long_contours_fit(rtstruct: Dataset) -> None:
    assert rtstruct.file_meta.TransferSyntaxUID.name == "Implicit VR Little Endian"


def test_it_names_every_slice_of_the_series_and_the_frame_of_reference(rtstruct: Dataset) -> None:
    (frame,) = rtstruct.ReferencedFrameOfReferenceSequence
    (study,) = frame.RTReferencedStudySequence
    (series,) = study.RTReferencedSeriesSequence
    assert frame.FrameOfReferenceUID == rtstruct.FrameOfReferenceUID == SERIES.frame_of_reference_uid
    assert rtstruct.PositionReferenceIndicator == "XY"
    assert study.ReferencedSOPClassUID == "1.2.840.10008.3.1.2.3.1"
    assert study.ReferencedSOPInstanceUID == SERIES.study_uid
    assert series.SeriesInstanceUID == SERIES.series_uid
    named = [item.ReferencedSOPInstanceUID for item in series.ContourImageSequence]
    assert tuple(named) == SERIES.instance_uids


def test_every_contour_lies_in_the_slice_that_it_names(rtstruct: Dataset) -> None:
    for roi in rtstruct.ROIContourSequence:
        for contour in roi.ContourSequence:
            assert contour.ContourGeometricType == "CLOSED_PLANAR"
            points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
            assert len(points) == contour.NumberOfContourPoints >= 3
            (image,) = contour.ContourImageSequence
            k = SERIES.instance_uids.index(image.ReferencedSOPInstanceUID)
            assert GRID.to_index(points)[:, 0] == pytest.approx(k, abs=1e-3)


def test_names_numbers_and_words_fit_what_planning_systems_keep(rtstruct: Dataset) -> None:
    structures = {item.ROINumber: item for item in rtstruct.StructureSetROISequence}
    observations = {item.ReferencedROINumber: item for item in rtstruct.RTROIObservationsSequence}
    assert sorted(structures) == sorted(observations) == [1, 2, 3, 5, 9, 11]
    assert len(rtstruct.StructureSetLabel) <= 16
    assert structures[3].ROIName == "Kidney_L"
    for number, observation in observations.items():
        assert len(observation.ROIObservationLabel) <= 16
        assert observation.ROIObservationLabel == structures[number].ROIName
        assert structures[number].ROIGenerationAlgorithm == "AUTOMATIC"
        assert observation.RTROIInterpretedType == "ORGAN"
        assert structures[number].ReferencedFrameOfReferenceUID == SERIES.frame_of_reference_uid


def test_codes_sides_and_colours_are_those_of_the_organs(rtstruct: Dataset) -> None:
    kidney = next(item for item in rtstruct.RTROIObservationsSequence if item.ReferencedROINumber == 3)
    (code,) = kidney.RTROIIdentificationCodeSequence
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("64033007", "SCT")
    assert code.SegmentedPropertyTypeModifierCodeSequence[0].CodeValue == "7771000"
    assert kidney.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "91723000"
    shown = next(item for item in rtstruct.ROIContourSequence if item.ReferencedROINumber == 3)
    assert tuple(shown.ROIDisplayColor) == all_organs()["kidney_left"].colour


def test_it_says_that_no_one_has_reviewed_it_and_what_drew_it(rtstruct: Dataset) -> None:
    assert rtstruct.ApprovalStatus == "UNAPPROVED"
    assert rtstruct.SeriesDescription == "AI-generated, not reviewed"
    assert "Not for clinical use" in rtstruct.StructureSetDescription
    assert rtstruct.ManufacturerModelName == IDENTITY.model_id
    assert IDENTITY.model_digest in rtstruct.SoftwareVersions
    (equipment,) = rtstruct.ContributingEquipmentSequence
    assert IDENTITY.model_digest in equipment.ContributionDescription
    local = IDENTITY.created.astimezone()
    assert (rtstruct.StructureSetDate, rtstruct.StructureSetTime) == (f"{local:%Y%m%d}", f"{local:%H%M%S}")


@pytest.mark.parametrize("far_mm", [0.0, -1234.56789, 99999.9996, -99999.9996])
def test_coordinates_fit_sixteen_characters(far_mm: float) -> None:
    (value,) = decimal_strings(np.array([[far_mm, 1.23456, -0.0001]]), [1], 3)
    texts = value.split(b"\\")
    assert max(map(len, texts)) <= 16
    assert [float(text) for text in texts] == pytest.approx([far_mm, 1.23456, 0.0], abs=5.1e-4)
    assert texts[2] == b"0.000"


def test_a_contour_may_be_longer_than_explicit_vr_allows(tmp_path: Path) -> None:
    grid = grid_for((2, 10, 900), (3.0, 1.0, 1.0))
    voxels = np.zeros(grid.shape, np.uint8)
    voxels[0, 1:9, 1:-1] = 5
    voxels[0, 3:9, 2:-2:2] = 0  # a comb
    write_rtstruct(made_result(made_series(grid), voxels), tmp_path / "rtstruct.dcm")
    lengths = [
        contour.get_item("ContourData").length
        for contour in dcmread(tmp_path / "rtstruct.dcm").ROIContourSequence[0].ContourSequence
    ]
    assert max(lengths) > 65535
