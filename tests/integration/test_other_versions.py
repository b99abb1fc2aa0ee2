"""A job that a later version of the service wrote, in a service of real processes: the others are done beside it."""

import sys
import time
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from pedcontour.client import Client
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.settings import Settings
from service.embedded import running
from service.jobs import Job, Options
from service.jobtable import open_job_table
from service.jobtable.schema import jobs
from tests.stand_ins.model import MODEL_ID, shaded_torso, write_stand_in_model

STAND_IN_WORKER = (sys.executable, "-m", "tests.stand_ins.worker")
LATER = "00000000-52f5-4a55-8d0f-2f6f7f6a9f10"

pytestmark = pytest.mark.slow


def test_a_job_of_a_later_version_waits_while_all_others_are_done_and_can_be_erased(tmp_path: Path) -> None:
    write_stand_in_model(tmp_path / "models")
    write_ct_series(shaded_torso(), tmp_path / "ct")
    settings = Settings(
        data_dir=tmp_path / "data",
        models_dir=tmp_path / "models",
        port=0,
        heartbeat_s=0.5,
        reconcile_every_s=0.2,
        resend_after_s=1.0,
        stall_s=3.0,
    )
    _write_later_job(settings)
    with running(settings, STAND_IN_WORKER, logs=tmp_path / "logs") as service, Client(service.url) as client:
        worker = service.parts["worker"].pid
        for _ in range(2):
            assert client.wait(client.submit(tmp_path / "ct").id, timeout_s=120).state == "done"
        time.sleep(2 * settings.stall_s)
        ready = httpx.get(f"{service.url}/health/ready")
        assert (ready.status_code, ready.json()["checks"]["jobs"]) == (200, "unreadable")
        assert service.parts["worker"].pid == worker, "no worker ends for the sake of what it cannot read"
        told = {job["id"]: job for job in httpx.get(f"{service.url}/v1/jobs").json()["jobs"]}
        assert sorted(job["state"] for job in told.values()) == ["done", "done", "queued"]
        assert (told[LATER]["state"], told[LATER]["problem"]["code"]) == ("queued", "JOB_UNREADABLE")
        figures = httpx.get(f"{service.url}/metrics").text
        assert "pedcontour_jobs_unreadable 1.0" in figures
        for rounds in ("reconciler", "janitor"):
            assert f'pedcontour_rounds_broken_total{{name="{rounds}"}} 0.0' in figures
        assert httpx.delete(f"{service.url}/v1/jobs/{LATER}").status_code == 204
    assert f"job {LATER}: this version cannot read it" in (tmp_path / "logs" / "worker.log").read_text()


def _write_later_job(settings: Settings) -> None:
    table = open_job_table(settings.job_table_url)
    now = table.now()
    table.accept(Job(LATER, Options(MODEL_ID), now, now))
    table.close()
    engine = sa.create_engine(settings.job_table_url)
    with engine.begin() as connection:
        connection.execute(sa.update(jobs).values(options={"model_id": MODEL_ID, "new_field": 1}))
    engine.dispose()
