"""`pedcontour dataset import`: a hospital's folder in, training data and a report out."""

import json
from pathlib import Path

import pytest
from pydicom import dcmread

from pedcontour.datasets.annotations import State, read_annotations
from tests.made_collection import drop, rename, write_patient
from tests.unit.cli.conftest import Program


def test_a_folder_becomes_a_data_set_with_a_report_of_its_cases(program: Program, tmp_path: Path) -> None:
    rename(write_patient(tmp_path / "in" / "a", 1), {"Liver": "<b>Liv*</b>"})
    drop(write_patient(tmp_path / "in" / "b", 2), "Kidney_L")
    names = tmp_path / "site.toml"
    names.write_text('absent_if_missing = ["kidney_left"]')
    out, key = tmp_path / "Dataset605_Here", tmp_path / "here.key"
    where = (tmp_path / "in", "--site", "here", "--out", out, "--names", names, "--key", key, "--keep-link")
    result = program("dataset", "import", *where)
    assert result.exit_code == 0, result.output
    assert "2 cases" in result.stdout and "0 left out" in result.stdout and "Liv*" in result.stdout
    report = (out / "report.html").read_text()
    record = read_annotations(out)
    assert sorted(case.states["kidney_left"] for case in record.cases.values()) == [State.ABSENT, State.ANNOTATED]
    for case in record.cases:
        assert case in report and (out / "pictures" / f"{case}.jpg").stat().st_size > 5000
    assert "&lt;b&gt;Liv*" in report and "<b>Liv*" not in report
    assert json.loads((out / "dataset.json").read_text())["numTraining"] == 2
    assert (tmp_path / "here.links.csv").read_text().count("PHANTOM-") == 2
    assert "2 of them done before" in program("dataset", "import", *where).stdout


def test_the_exit_code_says_that_a_case_was_left_out(program: Program, tmp_path: Path) -> None:
    path = write_patient(tmp_path / "in")
    uid = str(dcmread(path).SOPInstanceUID)
    path.write_bytes(path.read_bytes()[:-100])
    result = program(
        "dataset", "import", tmp_path / "in", "--site", "here", "-o", tmp_path / "d", "--key", tmp_path / "k", "--json"
    )
    assert result.exit_code == 3
    (left,) = json.loads(result.stdout)["left_out"]
    assert left["code"] == "STRUCTURE_SET_INVALID" and uid not in result.stdout
    assert left["case"] in (tmp_path / "d" / "report.html").read_text()


def test_a_dry_run_writes_no_data_set(program: Program, tmp_path: Path) -> None:
    write_patient(tmp_path / "in")
    told = program.json(
        "dataset",
        "import",
        tmp_path / "in",
        "--site",
        "here",
        "-o",
        tmp_path / "d",
        "--key",
        tmp_path / "k",
        "--dry-run",
    )
    assert len(told["cases"]) == 1 and not (tmp_path / "d").exists()


def test_who_stops_an_import_is_told_that_finished_cases_stay(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    write_patient(tmp_path / "in")
    monkeypatch.setattr("pedcontour.datasets.collection.importing.draw_case", stop)
    where = ("dataset", "import", tmp_path / "in", "--site", "here", "-o", tmp_path / "d", "--key", tmp_path / "k")
    result = program(*where)
    assert result.exit_code == 130 and "goes on from there" in result.stderr
    monkeypatch.undo()
    assert len(program.json(*where)["cases"]) == 1


def test_what_cannot_be_imported_at_all_is_refused_with_a_code(program: Program, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    where = ("--key", tmp_path / "k", "-o", tmp_path / "d")
    assert "UPLOAD_EMPTY" in program("dataset", "import", tmp_path / "in", "--site", "here", *where).stderr
    (tmp_path / "in" / "a").write_text("a")
    result = program("dataset", "import", tmp_path / "in", "--site", "Utrecht UMC", *where)
    assert result.exit_code == 2 and "REQUEST_INVALID" in result.stderr
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "thesis.doc").write_text("keep me")
    result = program("dataset", "import", tmp_path / "in", "--site", "here", *where)
    assert result.exit_code == 2 and "DATASET_FOLDER_UNFIT" in result.stderr
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["thesis.doc"]
