"""The use case writes what the style asks for, says so in the report, and lets nothing out that names another input."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PIL import Image

from pedcontour.contour import ContourOutcome, ContourRequest, contour_files
from pedcontour.dicom import catalogue
from pedcontour.errors import IdentityMismatchError, NothingDrawnError
from pedcontour.outputs import OutputStyle, RoiName, RoiNames
from tests.unit.contour.painted import painted_job, painted_series

SITE = RoiNames("site", "Site", {"kidney_left": RoiName("Niere_li", (255, 0, 255)), "liver": RoiName("Leber")})


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return painted_series(tmp_path_factory.mktemp("ct"), without=frozenset({"kidney_right"}))


def contoured(files: list[Path], out: Path, request: ContourRequest) -> ContourOutcome:
    return contour_files(files, out, painted_job(request), lambda stage, share: None)


def written(outcome: ContourOutcome) -> dict[str, str]:
    return {organ["organ"]: organ["written"] for organ in outcome.report["organs"]}


@pytest.mark.parametrize(
    ("formats", "files"),
    [
        (("rtstruct",), ("report.json", "rtstruct.dcm")),
        (("seg", "preview"), ("preview.png", "report.json", "seg.dcm")),
        (("report",), ("report.json",)),
    ],
)
def test_only_what_is_asked_for_is_written_and_the_report_always(
    series: list[Path], tmp_path: Path, formats: tuple[str, ...], files: tuple[str, ...]
) -> None:
    request = ContourRequest(("liver",), style=OutputStyle(formats))
    outcome = contoured(series, tmp_path / "out", request)
    assert outcome.files == files == tuple(sorted(path.name for path in (tmp_path / "out").iterdir()))
    assert {entry["name"] for entry in outcome.report["files"]} == set(files) - {"report.json"}
    [liver] = [organ for organ in outcome.report["organs"] if organ["organ"] == "liver"]
    has_contours = {"rtstruct", "seg"} & set(formats)
    assert (liver["read_back_dice"], liver["written"]) == ((1.0, "contours") if has_contours else (None, "nothing"))


def test_the_style_is_in_the_report_and_the_names_are_those_of_the_files(series: list[Path], tmp_path: Path) -> None:
    style = OutputStyle(seg_encoding="labelmap", holes="keyhole", decimals=2, names=SITE, profile="monaco")
    outcome = contoured(series, tmp_path / "out", ContourRequest(("liver", "kidney_left"), style=style))
    assert outcome.report["outputs"] == {
        "profile": "monaco",
        "outputs": ["rtstruct", "seg", "report", "preview"],
        "seg_encoding": "labelmap",
        "holes": "keyhole",
        "decimals": 2,
        "name_length": 16,
        "names": "site",
        "empty_rois": "omit",
    }
    rtstruct, seg = (pydicom.dcmread(tmp_path / "out" / f"{name}.dcm") for name in ("rtstruct", "seg"))
    names = {item.ROIName for item in rtstruct.StructureSetROISequence}
    assert names == {"Niere_li", "Leber"} <= {item.SegmentLabel for item in seg.SegmentSequence}
    told = {organ["organ"]: organ["roi_name"] for organ in outcome.report["organs"]}
    assert (told["kidney_left"], told["spleen"]) == ("Niere_li", "Spleen")
    with Image.open(tmp_path / "out" / "preview.png") as picture:
        colours = picture.convert("RGB").getcolors(maxcolors=2**24) or []
    assert (255, 0, 255) in {colour for _, colour in colours}


def test_a_requested_organ_that_was_not_drawn_is_kept_without_contours_where_asked(
    series: list[Path], tmp_path: Path
) -> None:
    asked = ContourRequest(("liver", "kidney_right"), style=OutputStyle(empty_rois="keep"))
    outcome = contoured(series, tmp_path / "kept", asked)
    assert written(outcome) | {"liver": "contours", "kidney_right": "empty", "spleen": "nothing"} == written(outcome)
    rtstruct = pydicom.dcmread(tmp_path / "kept" / "rtstruct.dcm")
    assert {item.ROIName for item in rtstruct.StructureSetROISequence} == {"Liver", "Kidney_R"}

    left_out = contoured(series, tmp_path / "omitted", replace(asked, style=OutputStyle()))
    assert written(left_out)["kidney_right"] == "nothing"
    rtstruct = pydicom.dcmread(tmp_path / "omitted" / "rtstruct.dcm")
    assert {item.ROIName for item in rtstruct.StructureSetROISequence} == {"Liver"}


def test_a_file_of_nothing_but_empty_regions_is_never_written(series: list[Path], tmp_path: Path) -> None:
    request = ContourRequest(("kidney_right",), style=OutputStyle(empty_rois="keep"))
    with pytest.raises(NothingDrawnError):
        contoured(series, tmp_path / "out", request)
    assert not (tmp_path / "out").exists()


def _set(keyword: str, value: str) -> Callable[[pydicom.Dataset], None]:
    return lambda dataset: setattr(dataset, keyword, value)


def _other_series(dataset: pydicom.Dataset) -> None:
    if "ReferencedSeriesSequence" in dataset:
        dataset.ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"
    else:
        study = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
        study.RTReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"


MIX_UPS: dict[str, Callable[[pydicom.Dataset], None]] = {
    "patient": _set("PatientID", "ANOTHER"),
    "study": _set("StudyInstanceUID", "1.2.3"),
    "series": _other_series,
    "frame of reference": _set("FrameOfReferenceUID", "1.2.3"),
    "job": _set("SOPInstanceUID", "1.2.3"),
}


@pytest.mark.parametrize("name", ["rtstruct", "seg"])
@pytest.mark.parametrize("mixed_up", MIX_UPS)
def test_a_result_that_names_another_input_fails_the_job_and_leaves_nothing(
    series: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mixed_up: str
) -> None:
    honest = catalogue.WRITERS[name]

    def mixed(result: Any, path: Path) -> None:
        honest(result, path)
        dataset = pydicom.dcmread(path)
        MIX_UPS[mixed_up](dataset)
        dataset.save_as(path)

    monkeypatch.setitem(catalogue.WRITERS, name, mixed)
    request = ContourRequest(("liver",), style=OutputStyle((name,)))
    with pytest.raises(IdentityMismatchError, match=name):
        contoured(series, tmp_path / "out", request)
    assert list(tmp_path.iterdir()) == []
