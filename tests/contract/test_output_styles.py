"""Every style that may be asked for, in every format: the masks come back, the words are right, faults are caught."""

from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import config, dcmread
from scipy import ndimage

from pedcontour.dicom.catalogue import WRITERS
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.readback import CHECKS, check_read_back
from pedcontour.dicom.rois import rois_named, rois_of
from pedcontour.dicom.seg import NOT_DRAWN
from pedcontour.errors import ReadBackMismatchError
from pedcontour.outputs import OutputStyle, RoiName, RoiNames, all_profiles
from tests.contract.test_writers import READERS
from tests.made_series import bodies, grid_for, made_result, made_series, oblique_orientation
from tests.outside_tools import dciodvfy_errors, run

SITE = RoiNames(
    "clinic", "Names of a clinic", {"liver": RoiName("Leber gross & rechts", (1, 2, 3)), "kidney_left": RoiName("KIDL")}
)

STYLES: dict[str, OutputStyle] = {
    "default": OutputStyle(),
    "keyhole": OutputStyle(holes="keyhole"),
    "labelmap": OutputStyle(seg_encoding="labelmap"),
    "one decimal": OutputStyle(decimals=1),
    "six decimals and keyhole": OutputStyle(decimals=6, holes="keyhole"),
    "names of a site": OutputStyle(names=SITE, name_length=20),
    "empty regions kept": OutputStyle(empty_rois="keep"),
    "all at once": OutputStyle(("rtstruct", "seg"), "labelmap", "keyhole", 1, 20, "keep", SITE),
    **{name: OutputStyle(**profile.preset, profile=name) for name, profile in all_profiles().items()},
}

GRID = grid_for((11, 42, 47), (9.0, 2.6, 2.4), oblique_orientation())
SERIES = made_series(GRID)
NOT_FOUND = ("heart", "pancreas")
"""Asked for and not drawn."""


@pytest.fixture(params=list(STYLES))
def result(request: pytest.FixtureRequest) -> ContouredSeries:
    style = STYLES[request.param]
    plain = made_result(SERIES, bodies(GRID))
    rois = rois_of(plain.labels, plain.labels.organs.values(), style.names)
    empty = rois_named(plain.labels, NOT_FOUND, style.names) if style.empty_rois == "keep" else ()
    return replace(plain, rois=rois, style=style, empty=empty)


@pytest.fixture(params=list(WRITERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(name: str, result: ContouredSeries, tmp_path: Path) -> Path:
    WRITERS[name](result, tmp_path / f"{name}.dcm")
    return tmp_path / f"{name}.dcm"


def test_every_format_has_its_read_back() -> None:
    assert set(CHECKS) == set(WRITERS)


def test_its_reader_finds_every_organ_where_it_was_drawn(name: str, path: Path, result: ContouredSeries) -> None:
    masks = {organ: mask for organ, mask in READERS[name][0](path, result).items() if mask.any()}
    assert set(masks) == {roi.name for roi in result.rois}
    for roi in result.rois:
        assert (masks[roi.name] == result.labels.mask(roi.organ.id)).all()


def test_the_read_back_finds_every_voxel(name: str, path: Path, result: ContouredSeries) -> None:
    assert set(check_read_back(result, {name: path}).dice.values()) == {1.0}


def test_a_fault_is_caught(name: str, path: Path, result: ContouredSeries) -> None:
    mirrored = np.ascontiguousarray(result.labels.voxels[:, :, ::-1])
    WRITERS[name](replace(result, labels=replace(result.labels, voxels=mirrored)), path)
    with pytest.raises(ReadBackMismatchError, match=name):
        check_read_back(result, {name: path})


def test_the_same_job_gives_the_same_bytes(name: str, path: Path, result: ContouredSeries, tmp_path: Path) -> None:
    WRITERS[name](replace(result), tmp_path / "again.dcm")
    assert (tmp_path / "again.dcm").read_bytes() == path.read_bytes()


def test_both_files_call_and_colour_every_region_alike(result: ContouredSeries, tmp_path: Path) -> None:
    for format_, write in WRITERS.items():
        write(result, tmp_path / f"{format_}.dcm")
    rtstruct, seg = dcmread(tmp_path / "rtstruct.dcm"), dcmread(tmp_path / "seg.dcm")
    names = {item.ROINumber: str(item.ROIName) for item in rtstruct.StructureSetROISequence}
    colours = {item.ReferencedROINumber: list(item.ROIDisplayColor) for item in rtstruct.ROIContourSequence}
    assert names == {roi.number: roi.name for roi in result.named}
    for item in seg.SegmentSequence:
        if item.SegmentNumber in names:
            assert str(item.SegmentLabel).removesuffix(NOT_DRAWN) == names[item.SegmentNumber]
            shown = hd.color.CIELabColor.from_dicom_value(item.RecommendedDisplayCIELabValue).to_rgb()
            assert np.abs(np.array(shown) - colours[item.SegmentNumber]).max() <= 1


def test_a_kept_empty_region_has_a_name_an_observation_and_no_contours(result: ContouredSeries, tmp_path: Path) -> None:
    WRITERS["rtstruct"](result, tmp_path / "rtstruct.dcm")
    rtstruct = dcmread(tmp_path / "rtstruct.dcm")
    without = {item.ReferencedROINumber for item in rtstruct.ROIContourSequence if "ContourSequence" not in item}
    assert without == {roi.number for roi in result.empty}
    observed = {item.ReferencedROINumber: item for item in rtstruct.RTROIObservationsSequence}
    assert set(observed) == {roi.number for roi in result.named}
    assert {observed[number].RTROIInterpretedType for number in without} <= {"ORGAN"}


def test_coordinates_have_the_decimals_asked_for_and_fit_ds(result: ContouredSeries, tmp_path: Path) -> None:
    WRITERS["rtstruct"](result, tmp_path / "rtstruct.dcm")
    rtstruct = dcmread(tmp_path / "rtstruct.dcm")
    contours = [c for item in rtstruct.ROIContourSequence for c in item.get("ContourSequence", [])]
    texts = [text for c in contours for text in c.get_item("ContourData").value.decode().rstrip().split("\\")]
    assert {len(text.partition(".")[2]) for text in texts} == {result.style.decimals}
    assert max(map(len, texts)) <= 16


def test_a_keyhole_leaves_one_ring_where_rings_are_two(tmp_path: Path) -> None:
    count = {}
    for holes in ("rings", "keyhole"):
        made = replace(made_result(SERIES, bodies(GRID)), style=OutputStyle(holes=holes))
        WRITERS["rtstruct"](made, tmp_path / f"{holes}.dcm")
        liver = next(i for i in dcmread(tmp_path / f"{holes}.dcm").ROIContourSequence if i.ReferencedROINumber == 5)
        count[holes] = len(liver.ContourSequence)
    assert count["keyhole"] < count["rings"]


def test_it_holds_no_value_that_dicom_forbids(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.RAISE)
    dcmread(path).walk(lambda _, element: None)


def test_a_validator_finds_no_errors(name: str, path: Path, result: ContouredSeries) -> None:
    if name == "seg" and result.style.seg_encoding == "labelmap":
        # Debian 12's dciodvfy is of 2022 and does not know this object, which became standard in 2024.
        assert "Error - Information Object Not found" in run("dciodvfy", path).stderr
    else:
        assert dciodvfy_errors(path) == []


@pytest.mark.parametrize("decimals", [1, 2])
@pytest.mark.parametrize("holes", ["rings", "keyhole"])
def test_few_decimals_keep_every_voxel_of_fine_and_ragged_organs(tmp_path: Path, decimals: int, holes: str) -> None:
    grid = grid_for((4, 60, 60), (2.25, 0.5, 0.55), oblique_orientation())
    rng = np.random.default_rng(1)
    noise = ndimage.gaussian_filter(rng.normal(size=grid.shape), (0.5, 1.5, 1.5))
    voxels = np.where(noise > 0.02, 5, np.where(noise < -0.12, 1, 0)).astype(np.uint8)
    voxels[rng.random(grid.shape) < 0.01] = 3  # voxels alone
    made = replace(made_result(made_series(grid), voxels), style=OutputStyle(decimals=decimals, holes=holes))
    WRITERS["rtstruct"](made, tmp_path / "rtstruct.dcm")
    assert set(check_read_back(made, {"rtstruct": tmp_path / "rtstruct.dcm"}).dice.values()) == {1.0}


def test_an_encoding_that_was_not_asked_for_is_caught(tmp_path: Path) -> None:
    wanted = made_result(SERIES, bodies(GRID))
    WRITERS["seg"](replace(wanted, style=OutputStyle(seg_encoding="labelmap")), tmp_path / "seg.dcm")
    with pytest.raises(ReadBackMismatchError, match="another encoding"):
        check_read_back(wanted, {"seg": tmp_path / "seg.dcm"})


def test_contours_in_a_region_that_should_be_empty_are_caught(tmp_path: Path) -> None:
    drawn = made_result(SERIES, bodies(GRID))
    without = replace(drawn, rois=drawn.rois[:-1], empty=drawn.rois[-1:], style=OutputStyle(empty_rois="keep"))
    WRITERS["rtstruct"](drawn, tmp_path / "rtstruct.dcm")
    with pytest.raises(ReadBackMismatchError, match="is not empty"):
        check_read_back(without, {"rtstruct": tmp_path / "rtstruct.dcm"})
