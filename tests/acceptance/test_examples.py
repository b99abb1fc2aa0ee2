"""The examples do what they say, against the real service; only the network is a stand-in.

The planning system's script runs on a Python without any package, as planning systems have it. In the place of
RayStation's module `connect` stands one that copies folders: it shows that the calls are made, not that RayStation
takes them.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pydicom
import pytest

from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.dicom.digest import series_digest
from pedcontour.dicom.reader import read_series
from pedcontour.settings import Settings
from service.embedded import RunningService, running
from tests.outside_tools import require
from tests.stand_ins.model import shaded_torso, write_stand_in_model

EXAMPLES = Path(__file__).parents[2] / "examples"
STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")
KEY = "key-of-the-examples-0123"

STAND_IN_CONNECT = """
import os, shutil

class Anything:
    Name = CaseName = "of the stand-in"
    def Save(self): pass
    def ScriptableDicomExport(self, ExportFolderPath, Examinations, IgnorePreConditionWarnings):
        assert Examinations == [self.Name]
        shutil.copytree(os.environ["STAND_IN_CT"], ExportFolderPath, dirs_exist_ok=True)
    def ImportDicomDataFromPath(self, Path, CaseName, SeriesFilter, ImportFilters):
        shutil.copytree(Path, os.environ["STAND_IN_CASE"])

def get_current(kind):
    assert kind in ("Patient", "Case", "Examination")
    return Anything()

def set_progress(sentence): pass
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planning_ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planning-ct") / 'Phantom "Child"'
    write_ct_series(shaded_torso(), folder)
    return folder


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    root = tmp_path_factory.mktemp("service")
    write_stand_in_model(root / "models")
    settings = Settings(data_dir=root / "data", models_dir=root / "models", port=0, api_keys=(KEY,))
    with running(settings, STAND_IN_WORKER, logs=root / "logs") as running_service:
        yield running_service


def run(service: RunningService, *command: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    own: Mapping[str, str] = {
        **os.environ,
        "PEDCONTOUR_URL": service.url,
        "PEDCONTOUR_API_KEY": KEY,
        "NO_PROXY": "127.0.0.1",
        **environment,
    }
    return subprocess.run(
        [str(word) for word in command], env=own, capture_output=True, text=True, check=False, timeout=180
    )


def roi_names(path: Path) -> set[str]:
    return {str(item.ROIName) for item in pydicom.dcmread(path).StructureSetROISequence}


def test_curl_sends_a_folder_and_fetches_every_result(
    service: RunningService, planning_ct: Path, tmp_path: Path
) -> None:
    require("curl")
    options = ("outputs=rtstruct,seg", "structures=Liver,Spleen")
    done = run(service, EXAMPLES / "curl.sh", planning_ct, tmp_path / "out", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"rtstruct.dcm", "seg.dcm", "report.json"}
    assert roi_names(tmp_path / "out" / "rtstruct.dcm") == {"Liver", "Spleen"}


def test_curl_shows_why_a_request_was_refused(service: RunningService, planning_ct: Path, tmp_path: Path) -> None:
    require("curl")
    done = run(service, EXAMPLES / "curl.sh", planning_ct, tmp_path / "out", "profile=xio")
    assert done.returncode != 0
    assert "OUTPUT_OPTION_INVALID" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_python_client_sends_waits_and_downloads(
    service: RunningService, planning_ct: Path, tmp_path: Path
) -> None:
    options = ("--url", service.url, "--profile", "eclipse", "--absent", "Kidney_L")
    done = run(service, sys.executable, EXAMPLES / "submit.py", planning_ct, tmp_path / "out", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"rtstruct.dcm", "preview.png", "report.json"}
    assert "not drawn: Kidney_L, absent_declared" in done.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    digest = series_digest(read_series(sorted(planning_ct.iterdir())).series)
    assert f"input SHA-256 {digest}" in done.stdout
    assert report["input"]["digest_sha256"] == digest
    assert f"SHA-256 {report['model']['digest_sha256']}" in done.stdout


def test_the_planning_systems_script_is_written_for_the_pythons_they_bring() -> None:
    ast.parse((EXAMPLES / "planning_system.py").read_text("utf-8"), feature_version=(3, 6))


def test_the_planning_systems_script_needs_no_packages_and_works_on_plain_folders(
    service: RunningService, planning_ct: Path, tmp_path: Path
) -> None:
    script = EXAMPLES / "planning_system.py"
    folders = ("--ct", planning_ct, "--out", tmp_path / "out")
    options = {"PEDCONTOUR_OPTIONS": "profile=monaco&absent=Kidney_L", "TMPDIR": str(tmp_path)}
    done = run(service, sys.executable, "-I", "-S", script, *folders, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "rtstruct.dcm"]
    assert "Kidney_L" not in roi_names(tmp_path / "out" / "rtstruct.dcm")
    assert "done" in done.stdout and "not drawn: Kidney_L, absent_declared" in done.stdout


def test_within_raystation_it_exports_and_imports_by_itself(
    service: RunningService, planning_ct: Path, tmp_path: Path
) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "connect.py").write_text(STAND_IN_CONNECT)
    case = tmp_path / "case"
    environment = {
        "PYTHONPATH": str(tmp_path / "modules"),
        "STAND_IN_CT": str(planning_ct),
        "STAND_IN_CASE": str(case),
    }
    done = run(service, sys.executable, "-S", EXAMPLES / "planning_system.py", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in case.iterdir()] == ["rtstruct.dcm"]
    assert len(roi_names(case / "rtstruct.dcm")) == 19


def test_the_planning_systems_script_says_why_it_failed(
    service: RunningService, planning_ct: Path, tmp_path: Path
) -> None:
    folders = ("--ct", planning_ct, "--out", tmp_path / "out")
    script = (sys.executable, "-I", "-S", EXAMPLES / "planning_system.py", *folders)
    refused = run(service, *script, PEDCONTOUR_OPTIONS="absent=Liver", TMPDIR=str(tmp_path))
    assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "ABSENCE_NOT_ALLOWED")
    unknown = run(service, *script, PEDCONTOUR_API_KEY="no-key-of-this-service", TMPDIR=str(tmp_path))
    assert (unknown.returncode, unknown.stderr.split(":")[0]) == (1, "UNAUTHORIZED")
    assert list(tmp_path.iterdir()) == []
