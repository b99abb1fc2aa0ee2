"""The whole service as a user runs it: real processes, real broker, real HTTP; only the network is a stand-in."""

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pydicom
import pytest

from pedcontour.client import Client
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.errors import GantryTiltError, InputError
from pedcontour.settings import Settings
from service.embedded import RunningService, running
from tests.stand_ins.model import shaded_torso, write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    root = tmp_path_factory.mktemp("service")
    write_stand_in_model(root / "models")
    settings = Settings(data_dir=root / "data", models_dir=root / "models", port=0, heartbeat_s=1.0)
    with running(settings, STAND_IN_WORKER, logs=root / "logs") as running_service:
        yield running_service


@pytest.fixture(scope="module")
def ct_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ct")
    write_ct_series(shaded_torso(), folder)
    return folder


def test_a_folder_goes_in_and_checked_results_come_out(
    service: RunningService, ct_folder: Path, tmp_path: Path
) -> None:
    told: list[tuple[str, float]] = []
    with Client(service.url) as client:
        job = client.submit(ct_folder, absent=["Kidney_L"])
        done = client.wait(job.id, lambda job: told.append((job.state, job.progress)), timeout_s=60)
        files = client.download(job.id, tmp_path / "out")
    assert sorted(file.name for file in files) == ["preview.png", "report.json", "rtstruct.dcm", "seg.dcm"]
    assert done.state == "done"
    assert {verdict.organ: verdict.outcome for verdict in done.verdicts}["kidney_left"] == "absent_declared"
    assert told[-1] == ("done", 1.0)
    rtstruct = pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm")
    assert "Liver" in {roi.ROIName for roi in rtstruct.StructureSetROISequence}


def test_the_mode_that_was_asked_for_ran(service: RunningService, ct_folder: Path) -> None:
    with Client(service.url) as client:
        done = client.wait(client.submit(ct_folder, mode="exact").id, timeout_s=60)
    job = httpx.get(f"{service.url}/v1/jobs/{done.id}").json()
    assert (job["mode"], job["provenance"]["software"]["mode"]) == ("exact", "exact")


def test_a_zip_gives_what_the_folder_gives_and_results_come_as_a_zip(
    service: RunningService, ct_folder: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "ct.zip"
    with zipfile.ZipFile(archive, "w") as content:
        for file in ct_folder.iterdir():
            content.write(file, file.name)
    with Client(service.url) as client:
        done = client.wait(client.submit(archive).id, timeout_s=60)
    answer = httpx.get(f"{service.url}/v1/jobs/{done.id}/results.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as results:
        assert set(results.namelist()) == set(done.results)
    assert len([verdict for verdict in done.verdicts if verdict.outcome == "present"]) >= 15


def test_input_that_cannot_be_contoured_fails_with_its_code(service: RunningService, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no image")
    with Client(service.url) as client:
        job = client.submit(tmp_path)
        with pytest.raises(InputError) as refused:
            client.wait(job.id, timeout_s=60)
        assert refused.value.code == "NOT_CT"
        assert client.job(job.id).state == "failed"
    assert not isinstance(refused.value, GantryTiltError)


def test_what_identifies_the_patient_is_in_the_upload_and_the_results_only(
    service: RunningService, ct_folder: Path, tmp_path: Path
) -> None:
    canary = "Canary^Child"
    marked = tmp_path / "marked"
    marked.mkdir()
    for file in ct_folder.iterdir():
        image = pydicom.dcmread(file)
        image.PatientName, image.PatientID, image.PatientBirthDate = canary, "CANARY-4711", "20190117"
        image.StudyDescription = image.SeriesDescription = "CANARY-4711"
        image.save_as(marked / f"{canary}-{file.name}")
    (marked / f"{canary}.txt").write_text("CANARY-4711")
    with Client(service.url) as client:
        done = client.wait(client.submit(marked).id, timeout_s=60)
        told = httpx.get(f"{service.url}/v1/jobs/{done.id}").text + httpx.get(f"{service.url}/metrics").text
    assert not re.search("canary|4711|20190117", told, re.IGNORECASE)
    data = service.settings.data_dir
    holding = [path for path in [*data.rglob("*"), *(data.parent / "logs").iterdir()] if path.is_file()]
    found = [path for path in holding if re.search(b"(?i)canary|20190117", path.read_bytes() + str(path).encode())]
    kept = (data / "uploads", data / "results")
    assert found
    assert [path for path in found if not any(path.is_relative_to(folder) for folder in kept)] == []


def test_ready_and_metrics_tell_of_the_running_parts(service: RunningService) -> None:
    ready = httpx.get(f"{service.url}/health/ready")
    assert ready.json()["checks"] == {
        "job_table": "ok",
        "broker": "ok",
        "store": "ok",
        "model": "ok",
        "audit": "ok",
        "worker": "ok",
        "consumption": "ok",
        "jobs": "ok",
    }
    figures = httpx.get(f"{service.url}/metrics").text
    assert 'pedcontour_up{part="broker"} 1.0' in figures
    assert 'pedcontour_jobs{state="done"}' in figures
