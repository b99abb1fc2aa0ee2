"""What an absence rule removed, kept for review: every file and the report tell the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from pedcontour.contour import ContourOutcome, ContourRequest, contour_files
from pedcontour.contour.request import check_request
from pedcontour.errors import NamesInvalidError, NothingDrawnError
from pedcontour.organs import default_labels
from pedcontour.outputs import REVIEW_COLOUR, OutputStyle, RoiName, RoiNames
from pedcontour.postprocessing import Candidate, Judgement
from pedcontour.verdicts import Outcome
from tests.unit.contour.painted import painted_job, painted_series
from tests.unit.postprocessing.torso import torso

NUMBER = 22
"""The left kidney's review label: the third organ that may be absent, after nineteen labels."""


def take_away(candidate: Candidate) -> Judgement:
    return Judgement(Outcome.REMOVED_FALSE_POSITIVE, "A rule of the test.")


def contour(series: list[Path], out: Path, request: ContourRequest) -> ContourOutcome:
    job = replace(painted_job(request), absence_rules={"kidney_left": take_away})
    return contour_files(series, out, job, lambda stage, share: None)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return painted_series(tmp_path_factory.mktemp("ct"))


@pytest.fixture(scope="module", params=["binary", "labelmap"])
def done(
    request: pytest.FixtureRequest, series: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ContourOutcome]:
    out = tmp_path_factory.mktemp("out") / "result"
    style = OutputStyle(seg_encoding=request.param)
    return out, contour(series, out, ContourRequest(style=style, policy="review_roi"))


def test_the_structure_set_names_it_and_does_not_take_it_for_an_organ(done: tuple) -> None:
    rtstruct = pydicom.dcmread(done[0] / "rtstruct.dcm")
    names = {int(item.ROINumber): item.ROIName for item in rtstruct.StructureSetROISequence}
    assert names[NUMBER] == "Kidney_L_rev" and "Kidney_L" not in names.values()
    (observation,) = [o for o in rtstruct.RTROIObservationsSequence if o.ReferencedROINumber == NUMBER]
    assert not observation.RTROIInterpretedType
    assert observation.RTROIIdentificationCodeSequence[0].CodeValue == "111099"
    (contours,) = [c for c in rtstruct.ROIContourSequence if c.ReferencedROINumber == NUMBER]
    assert len(contours.ContourSequence) > 1 and tuple(contours.ROIDisplayColor) == REVIEW_COLOUR


def test_the_segmentation_has_it_under_the_same_number_and_no_kidney_by_code(done: tuple) -> None:
    segments = {int(item.SegmentNumber): item for item in pydicom.dcmread(done[0] / "seg.dcm").SegmentSequence}
    assert segments[NUMBER].SegmentLabel == "Kidney_L_rev"
    assert segments[NUMBER].SegmentedPropertyCategoryCodeSequence[0].CodeValue == "309825002"
    assert segments[NUMBER].SegmentedPropertyTypeCodeSequence[0].CodeValue == "111099"
    assert segments[3].SegmentLabel == "Kidney_L (not drawn)"
    assert list(segments) == list(range(1, 24))


def test_the_report_tells_its_name_its_volume_and_that_it_came_back_from_disk(done: tuple) -> None:
    organs = {entry["organ"]: entry for entry in done[1].report["organs"]}
    kidney, expected_ml = organs["kidney_left"], torso()[1].volume_ml("kidney_left")
    assert (kidney["outcome"], kidney["written"], kidney["volume_ml"]) == ("removed_false_positive", "nothing", 0.0)
    assert kidney["review_roi_name"] == "Kidney_L_rev"
    assert kidney["review_ml"] == pytest.approx(expected_ml, abs=0.01)
    assert kidney["read_back_dice"] == pytest.approx(1.0, abs=0.001)
    assert organs["kidney_right"]["review_roi_name"] is None
    assert done[1].report["request"]["absence_policy"] == "review_roi"


def test_the_picture_outlines_it_in_a_colour_of_its_own(done: tuple) -> None:
    picture = np.asarray(Image.open(done[0] / "preview.png"))
    assert np.all(np.abs(picture.astype(int) - REVIEW_COLOUR) <= 2, axis=-1).sum() > 50


def test_it_alone_is_enough_to_write(series: list[Path], tmp_path: Path) -> None:
    only = ContourRequest(("kidney_left",))
    with pytest.raises(NothingDrawnError):
        contour(series, tmp_path / "none", only)
    contour(series, tmp_path / "one", replace(only, policy="review_roi"))
    rtstruct = pydicom.dcmread(tmp_path / "one" / "rtstruct.dcm")
    assert [item.ROIName for item in rtstruct.StructureSetROISequence] == ["Kidney_L_rev"]


@pytest.mark.parametrize("name", ["Linke Niere!!", "liver"])
def test_names_that_leave_no_room_for_it_are_refused_before_any_work(name: str) -> None:
    own = {"kidney_left": RoiName(name), "liver": RoiName("liver_rev")}
    request = ContourRequest(style=OutputStyle(names=RoiNames("site", "Site", own)))
    check_request(request, default_labels().values())
    with pytest.raises(NamesInvalidError):
        check_request(replace(request, policy="review_roi"), default_labels().values())
