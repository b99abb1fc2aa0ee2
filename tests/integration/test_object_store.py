"""The whole service with its results in a bucket: real processes, HTTP to an S3; only the network is a stand-in."""

import io
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pydicom
import pytest

from pedcontour.client import Client
from pedcontour.dicom.ct_writer import write_ct_series
from service.embedded import RunningService, running
from tests.s3_server import SECRET, S3Bucket
from tests.stand_ins.model import shaded_torso, write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Deployed:
    """A running service, its bucket, and the folder of what its processes log."""

    service: RunningService
    bucket: S3Bucket
    logs: Path


@pytest.fixture
def deployed(s3_bucket: S3Bucket, tmp_path: Path) -> Iterator[Deployed]:
    write_stand_in_model(tmp_path / "models")
    settings = s3_bucket.settings(
        data_dir=tmp_path / "data", models_dir=tmp_path / "models", port=0, heartbeat_s=1.0, log_level="DEBUG"
    )
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service:
        yield Deployed(service, s3_bucket, tmp_path / "logs")


def test_results_go_to_the_bucket_come_back_whole_and_leave_it_with_their_job(
    deployed: Deployed, tmp_path: Path
) -> None:
    write_ct_series(shaded_torso(), tmp_path / "ct")
    with Client(deployed.service.url) as client:
        done = client.wait(client.submit(tmp_path / "ct").id, timeout_s=60)
        client.download(done.id, tmp_path / "out")
    assert deployed.bucket.keys() == sorted(f"results/{done.id}/1/{name}" for name in done.results)
    assert not deployed.service.settings.results_dir.exists()
    assert pydicom.dcmread(tmp_path / "out" / "rtstruct.dcm").Modality == "RTSTRUCT"

    page = f"{deployed.service.url}/v1/jobs/{done.id}"
    with zipfile.ZipFile(io.BytesIO(httpx.get(f"{page}/results.zip").content)) as archive:
        for name in done.results:
            whole = (tmp_path / "out" / name).read_bytes()
            assert archive.read(name) == whole
            assert httpx.get(f"{page}/results/{name}").headers["content-length"] == str(len(whole))

    assert httpx.delete(page).is_success
    assert deployed.bucket.keys() == []
    logged = b"".join(path.read_bytes() for path in deployed.logs.iterdir())
    assert logged
    assert SECRET.encode() not in logged


def test_a_bucket_that_is_gone_makes_the_service_not_ready_and_the_log_says_why(deployed: Deployed) -> None:
    ready = f"{deployed.service.url}/health/ready"
    assert httpx.get(ready).json()["checks"]["store"] == "ok"
    assert deployed.bucket.keys() == []
    deployed.bucket.remove()
    give_up = time.monotonic() + 20
    while (refused := httpx.get(ready)).status_code == 200 and time.monotonic() < give_up:
        time.sleep(0.1)  # an answer holds for a second
    assert refused.status_code == 503
    assert "store" in refused.json()["detail"]
    assert any("object store: FileNotFoundError" in path.read_text() for path in deployed.logs.iterdir())
