"""`pedcontour contour`: results, refusals, and what a script sees of both."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Program

FILES = ["preview.png", "report.json", "rtstruct.dcm", "seg.dcm"]


def test_a_folder_gives_the_four_results_and_says_where_they_lie(
    program: Program, shaded_ct: Path, tmp_path: Path
) -> None:
    result = program("contour", shaded_ct, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    assert "Kidney_L" in result.stdout
    for name in FILES:
        assert str(tmp_path / "out" / name) in result.stdout.replace("\n", "")
    assert "not reviewed" in result.stdout


def test_a_zip_is_taken_too(program: Program, shaded_ct: Path, tmp_path: Path) -> None:
    archive = tmp_path / "ct.zip"
    with zipfile.ZipFile(archive, "w") as content:
        for file in shaded_ct.iterdir():
            content.write(file, file.name)
    assert program("contour", archive, "--out", tmp_path / "out").exit_code == 0


def test_a_file_that_is_neither_dicom_nor_a_zip_is_refused_as_that(program: Program, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a list of patients")
    refused = program("contour", tmp_path / "x.txt", "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "NOT_CT" in refused.stderr and "neither DICOM nor a zip" in " ".join(refused.stderr.split())


def test_a_file_that_cannot_be_read_ends_with_two_and_its_place(program: Program, tmp_path: Path) -> None:
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "Family^Given").symlink_to("nowhere")
    (tmp_path / "ct" / "a.dcm").write_bytes(b"x")
    refused = program("contour", tmp_path / "ct", "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "FILE_UNREADABLE" in refused.stderr and "file 1 of 2" in refused.stderr
    assert "Family" not in refused.stderr


def test_a_script_gets_one_json_document_with_the_report(program: Program, shaded_ct: Path, tmp_path: Path) -> None:
    document = program.json("contour", shaded_ct, "--out", tmp_path / "out")
    assert sorted(document["files"]) == FILES
    assert document["report"] == json.loads((tmp_path / "out" / "report.json").read_text())


def test_a_user_without_a_home_folder_gets_results_and_hears_what_is_not_kept(
    program: Program, shaded_ct: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("PEDCONTOUR_CACHE_DIR", raising=False)
    monkeypatch.setattr("pwd.getpwuid", dict[int, object]().__getitem__)
    result = program("contour", shaded_ct, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "PEDCONTOUR_CACHE_DIR" in result.stderr
    monkeypatch.setenv("PEDCONTOUR_CACHE_DIR", str(tmp_path / "cache"))
    told = program("contour", shaded_ct, "--out", tmp_path / "again", "--json")
    assert told.exit_code == 0, told.output
    assert "PEDCONTOUR_CACHE_DIR" not in told.stderr


def test_structures_and_absences_are_taken_by_roi_name(program: Program, shaded_ct: Path, tmp_path: Path) -> None:
    document = program.json(
        "contour", shaded_ct, "-o", tmp_path / "out", "-s", "Liver,kidney_l", "-s", "Kidney_R", "-a", "Kidney_L"
    )
    outcomes = {organ["organ"]: organ["outcome"] for organ in document["report"]["organs"]}
    assert outcomes["kidney_left"] == "absent_declared"
    assert outcomes["spleen"] == "not_requested"
    assert outcomes["liver"] in ("present", "truncated_by_field_of_view")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--structures", "Brain"], "STRUCTURE_UNKNOWN"),
        (["--absent", "Liver"], "ABSENCE_NOT_ALLOWED"),
        (["--structures", "Kidney_L", "--absent", "Kidney_L"], "NOTHING_REQUESTED"),
        (["--model", "nobody"], "MODEL_NOT_FOUND"),
        (["--series", "1.2.3"], ""),
    ],
)
def test_bad_requests_are_told_by_code_and_sentence_and_end_with_two(
    program: Program, shaded_ct: Path, tmp_path: Path, arguments: list[str], code: str
) -> None:
    result = program("contour", shaded_ct, "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert code in result.stderr and not result.stdout
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_ct_ends_with_two(program: Program, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "note.txt").write_text("no image")
    result = program("contour", tmp_path / "in", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "NOT_CT" in result.stderr and "send the axial CT" in result.stderr


def test_a_script_gets_errors_as_json_too(program: Program, shaded_ct: Path, tmp_path: Path) -> None:
    result = program("contour", shaded_ct, "--out", tmp_path / "out", "--absent", "Liver", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "ABSENCE_NOT_ALLOWED"


def test_results_are_never_mixed_with_what_is_there(program: Program, shaded_ct: Path, tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("mine")
    result = program("contour", shaded_ct, "--out", tmp_path)
    assert result.exit_code == 2 and "OUTPUT_FOLDER_NOT_EMPTY" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["keep.txt"]


def test_ctrl_c_leaves_nothing_and_ends_as_shells_expect(
    program: Program, shaded_ct: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.stand_ins.model import ShadeEngine

    def interrupted(self: ShadeEngine, image: object, progress: object, mode: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ShadeEngine, "segment", interrupted)
    result = program("contour", shaded_ct, "--out", tmp_path / "out")
    assert result.exit_code == 130
    assert list(tmp_path.iterdir()) == []
