"""The exam that every output format sits: add a line to the catalogue and it sits it too."""

from collections.abc import Callable
from pathlib import Path

import highdicom as hd
import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset, config, dcmread

from pedcontour.dicom.catalogue import WRITERS
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.rasterise import rasterise_rtstruct
from pedcontour.dicom.readback import check_read_back
from pedcontour.dicom.rois import rois_of
from pedcontour.organs import all_organs
from pedcontour.outputs import REVIEW_COLOUR
from pedcontour.volume import LabelMap
from tests.made_series import IDENTITY, POSITIONS, bodies, grid_for, made_result, made_series, oblique_orientation
from tests.outside_tools import dciodvfy_errors

GRID = grid_for((12, 40, 44), (9.0, 3.0, 3.0))
SERIES = made_series(GRID)
VOXELS = bodies(GRID)
RESULT = made_result(SERIES, VOXELS)

Masks = dict[str, npt.NDArray[np.bool_]]
Described = dict[int, tuple[str, tuple[int, ...], tuple[str, ...]]]
"""By number: name, RGB colour, codes of category, type and side."""


def _rtstruct_masks(path: Path, result: ContouredSeries) -> Masks:
    return rasterise_rtstruct(dcmread(path), result.series)


def _seg_masks(path: Path, result: ContouredSeries) -> Masks:
    grid = result.series.volume.grid
    place = hd.Volume(np.zeros(grid.shape, np.uint8), grid.affine, coordinate_system="PATIENT")
    seg = hd.seg.segread(path)
    labels = seg.get_volume(combine_segments=True).match_geometry(place).array
    names = {item.SegmentNumber: item.SegmentLabel for item in seg.SegmentSequence}
    return {names[number]: labels == number for number in np.unique(labels) if number}


def _rtstruct_words(path: Path) -> Described:
    dataset = dcmread(path)
    colours = {item.ReferencedROINumber: tuple(item.ROIDisplayColor) for item in dataset.ROIContourSequence}
    names = {item.ROINumber: item.ROIName for item in dataset.StructureSetROISequence}
    codes = {
        item.ReferencedROINumber: _codes(item, item.RTROIIdentificationCodeSequence[0])
        for item in dataset.RTROIObservationsSequence
    }
    return {number: (names[number], colours[number], codes[number]) for number in names}


def _seg_words(path: Path) -> Described:
    dataset = hd.seg.segread(path)
    shown = {
        groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        for groups in dataset.PerFrameFunctionalGroupsSequence
    }
    return {
        item.SegmentNumber: (
            item.SegmentLabel,
            hd.color.CIELabColor.from_dicom_value(item.RecommendedDisplayCIELabValue).to_rgb(),
            _codes(item, item.SegmentedPropertyTypeCodeSequence[0]),
        )
        for item in dataset.SegmentSequence
        if item.SegmentNumber in shown
    }


def _codes(item: Dataset, kind: Dataset) -> tuple[str, ...]:
    sides = kind.get("SegmentedPropertyTypeModifierCodeSequence", [])
    return tuple(str(code.CodeValue) for code in (item.SegmentedPropertyCategoryCodeSequence[0], kind, *sides))


READERS: dict[str, tuple[Callable[[Path, ContouredSeries], Masks], Callable[[Path], Described]]] = {
    "rtstruct": (_rtstruct_masks, _rtstruct_words),
    "seg": (_seg_masks, _seg_words),
}
"""How the masks and the words of a format are read back: a new format brings its reader here."""


def test_every_format_has_its_reader() -> None:
    assert set(READERS) == set(WRITERS)


@pytest.fixture(params=list(WRITERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(name: str, tmp_path: Path) -> Path:
    WRITERS[name](RESULT, tmp_path / f"{name}.dcm")
    return tmp_path / f"{name}.dcm"


def test_equal_input_gives_equal_bytes(name: str, path: Path, tmp_path: Path) -> None:
    WRITERS[name](made_result(made_series(GRID), VOXELS.copy()), tmp_path / "again.dcm")
    assert (tmp_path / "again.dcm").read_bytes() == path.read_bytes()


def test_every_uid_of_its_own_comes_from_the_job(name: str, path: Path) -> None:
    dataset = dcmread(path)
    assert dataset.SOPInstanceUID == IDENTITY.uid(f"{name}-instance")
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
    assert dataset.SeriesInstanceUID == IDENTITY.uid(f"{name}-series")


def test_it_belongs_to_the_patient_study_and_frame_of_reference_of_the_ct(path: Path) -> None:
    dataset, header = dcmread(path), SERIES.headers[0]
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "SpecificCharacterSet"):
        assert dataset[keyword].value == header[keyword].value
    assert SERIES.series_uid.encode() in path.read_bytes()


@pytest.mark.parametrize("orientation", [POSITIONS["FFP"], POSITIONS["HFDL"], oblique_orientation()])
def test_its_reader_finds_every_organ_where_it_was_drawn(
    name: str, tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    grid = grid_for((11, 33, 38), (9.0, 3.5, 3.0), orientation)
    result = made_result(made_series(grid), bodies(grid))
    WRITERS[name](result, tmp_path / "file.dcm")
    masks = READERS[name][0](tmp_path / "file.dcm", result)
    assert set(masks) == {roi.name for roi in result.rois}
    for roi in result.rois:
        assert (masks[roi.name] == result.labels.mask(roi.organ.id)).all()


def test_names_colours_and_codes_are_those_of_the_organs(name: str, path: Path) -> None:
    described = READERS[name][1](path)
    assert set(described) == {roi.number for roi in RESULT.rois}
    for roi in RESULT.rois:
        label, colour, codes = described[roi.number]
        assert label == all_organs()[roi.organ.id].tg263
        assert np.abs(np.array(colour) - roi.organ.colour).max() <= 1  # CIELab is rounded
        side = {"left": ("7771000",), "right": ("24028007",), None: ()}[roi.organ.laterality]
        assert codes == ("91723000", roi.organ.code, *side)


def test_a_region_for_review_is_valid_has_its_number_and_is_coded_as_no_organ(name: str, tmp_path: Path) -> None:
    organ = RESULT.rois[0].organ.id
    drawn = made_result(SERIES, VOXELS).labels
    voxels = np.where(drawn.mask(organ), 22, drawn.voxels).astype(np.uint8)
    labels = LabelMap(drawn.grid, voxels, drawn.organs, {22: organ})
    result = ContouredSeries(SERIES, labels, rois_of(labels, drawn.organs.values()), IDENTITY)
    path = tmp_path / f"{name}.dcm"
    WRITERS[name](result, path)
    label, colour, codes = READERS[name][1](path)[22]
    assert label == all_organs()[organ].tg263 + "_rev" and codes == ("309825002", "111099")
    assert np.abs(np.array(colour) - REVIEW_COLOUR).max() <= 1
    assert (READERS[name][0](path, result)[label] == (voxels == 22)).all()
    assert dciodvfy_errors(path) == []
    assert check_read_back(result, {name: path}).dice[organ] == 1.0


def test_it_says_that_it_is_ai_generated_and_not_reviewed(path: Path) -> None:
    dataset = dcmread(path)
    assert dataset.SeriesDescription == "AI-generated, not reviewed"
    assert IDENTITY.model_digest in dataset.SoftwareVersions
    assert dataset.ContributingEquipmentSequence[0].ManufacturerModelName == IDENTITY.model_id


def test_it_holds_no_value_that_dicom_forbids(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.RAISE)
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.RAISE)

    def visit(_: Dataset, element: object) -> None:
        assert element is not None

    dcmread(path).walk(visit)
    WRITERS[name](RESULT, path)


def test_a_validator_finds_no_errors(path: Path) -> None:
    assert dciodvfy_errors(path) == []
