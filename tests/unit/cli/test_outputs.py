"""The output options on the command line."""

import json
from pathlib import Path

import pydicom
import pytest

from tests.unit.cli.conftest import Program

TEMPLATE = '[names]\nkidney_left = "Niere_li"\nliver = { name = "Leber", colour = [1, 2, 3] }\n'


def test_only_the_files_asked_for_are_written_in_the_style_asked_for(
    program: Program, shaded_ct: Path, tmp_path: Path
) -> None:
    (tmp_path / "clinic.toml").write_text(TEMPLATE)
    arguments = ("--profile", "monaco", "--outputs", "rtstruct", "--decimals", "2", "--names", tmp_path / "clinic.toml")
    document = program.json("contour", shaded_ct, "-o", tmp_path / "out", "-s", "Liver,Kidney_L", *arguments)
    assert document["files"] == ["report.json", "rtstruct.dcm"]
    facts = document["report"]["outputs"]
    assert (facts["profile"], facts["holes"], facts["decimals"], facts["names"]) == ("monaco", "keyhole", 2, "clinic")
    rtstruct = pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm")
    assert {item.ROIName for item in rtstruct.StructureSetROISequence} == {"Leber", "Niere_li"}
    assert [1, 2, 3] in [list(item.ROIDisplayColor) for item in rtstruct.ROIContourSequence]


def test_the_terminal_shows_the_names_of_the_files(program: Program, shaded_ct: Path, tmp_path: Path) -> None:
    (tmp_path / "clinic.toml").write_text(TEMPLATE)
    result = program("contour", shaded_ct, "-o", tmp_path / "out", "-s", "Liver", "--names", tmp_path / "clinic.toml")
    assert "Leber" in result.stdout and "preview.png" in result.stdout


def test_a_template_is_found_by_its_id_in_the_configured_folder(
    program: Program, shaded_ct: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clinic.toml").write_text(TEMPLATE)
    monkeypatch.setenv("PEDCONTOUR_TEMPLATES_DIR", str(tmp_path))
    document = program.json("contour", shaded_ct, "-o", tmp_path / "out", "-s", "Liver", "--names", "clinic")
    assert {organ["roi_name"] for organ in document["report"]["organs"]} >= {"Leber", "Niere_li"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--profile", "xio"), "OUTPUT_OPTION_INVALID"),
        (("--outputs", "stl"), "OUTPUT_OPTION_INVALID"),
        (("--decimals", "12"), "OUTPUT_OPTION_INVALID"),
        (("--names", "nobody"), "OUTPUT_OPTION_INVALID"),
        (("--names", "missing.toml"), "NAMES_INVALID"),
        (("--name-length", "4"), "NAMES_INVALID"),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_is_read(
    program: Program, shaded_ct: Path, tmp_path: Path, arguments: tuple[str, ...], code: str
) -> None:
    result = program("contour", shaded_ct, "-o", tmp_path / "out", *arguments, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == code
    assert not (tmp_path / "out").exists()
