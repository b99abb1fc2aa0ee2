"""Stories from the command line, with real processes, a real broker and real HTTP; only the network is a stand-in."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from typer.testing import CliRunner

from pedcontour.cli.demo import run_demo
from pedcontour.cli.main import app
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.errors import NotCtError, OutputFolderNotEmptyError
from pedcontour.settings import Settings
from service.embedded import RunningService, running
from tests.stand_ins.model import shaded_torso, write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")
FILES = ["preview.png", "report.json", "rtstruct.dcm", "seg.dcm"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    write_stand_in_model(root)
    return root


@pytest.fixture(scope="module")
def planning_ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planning-ct")
    write_ct_series(shaded_torso(), folder)
    return folder


@pytest.fixture(scope="module")
def service(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    root = tmp_path_factory.mktemp("service")
    settings = Settings(data_dir=root / "data", models_dir=models, port=0, api_keys=())
    with running(settings, STAND_IN_WORKER, logs=root / "logs") as running_service:
        yield running_service


def test_a_physicist_sends_a_planning_ct_to_the_service_and_finds_the_contours_in_a_folder(
    service: RunningService, planning_ct: Path, tmp_path: Path
) -> None:
    out = tmp_path / "result"
    arguments = ["submit", str(planning_ct), "--url", service.url, "--out", str(out), "--absent", "Kidney_L"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert "absent declared" in result.stdout
    assert "Kidney_L" not in {roi.ROIName for roi in pydicom.dcmread(out / "rtstruct.dcm").StructureSetROISequence}


def test_a_script_that_sends_rubbish_learns_the_code_of_the_refusal(service: RunningService, tmp_path: Path) -> None:
    note = tmp_path / "in" / "note.txt"
    note.parent.mkdir()
    note.write_text("no image")
    arguments = ["submit", str(note.parent), "--url", service.url, "--out", str(tmp_path / "out"), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "NOT_CT"
    assert not (tmp_path / "out").exists()


def test_a_service_that_is_not_there_is_said_not_to_answer(planning_ct: Path, tmp_path: Path) -> None:
    arguments = ["submit", str(planning_ct), "--url", "http://127.0.0.1:9", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "SERVICE_UNREACHABLE" in result.stderr


def test_the_demo_starts_a_service_contours_a_series_and_leaves_only_results(
    models: Path, planning_ct: Path, tmp_path: Path
) -> None:
    out = tmp_path / "demo-out"
    settings = Settings(models_dir=models, api_keys=())
    out.mkdir()
    (out / "report.json").write_text("what an earlier demo left")
    run_demo(planning_ct, out, settings, quiet=True, worker=STAND_IN_WORKER)
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert json.loads((out / "report.json").read_text())["schema_version"] == 1
    (out / "mine.txt").write_text("not the demo's")
    with pytest.raises(OutputFolderNotEmptyError):
        run_demo(planning_ct, out, settings, quiet=True, worker=STAND_IN_WORKER)
    assert (out / "mine.txt").is_file()


def test_a_demo_that_fails_leaves_the_logs_of_the_service(models: Path, tmp_path: Path) -> None:
    note = tmp_path / "in" / "note.txt"
    note.parent.mkdir()
    note.write_text("no image")
    settings = Settings(models_dir=models, api_keys=())
    with pytest.raises(NotCtError):
        run_demo(note.parent, tmp_path / "out", settings, quiet=True, worker=STAND_IN_WORKER)
    assert {path.name for path in (tmp_path / "out-logs").iterdir()} >= {"gateway.log", "worker.log"}
