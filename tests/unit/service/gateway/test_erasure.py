"""DELETE at every stage: nothing of a job is left, and nothing of it comes back."""

import threading
from pathlib import Path

import pytest

from pedcontour.contour.stages import StageProgress
from pedcontour.errors import StoreError
from service.jobs import Job
from service.worker.run import Contoured, WorkerParts, run_next
from service.worker.shift import Shift
from tests.unit.service.gateway.conftest import KEY, OTHER_KEY, Gateway

FILES = {"f": ("a", b"x")}


def send(gateway: Gateway) -> str:
    return str(gateway.http.post("/v1/jobs", files=FILES).json()["id"])


def is_gone(gateway: Gateway, job_id: str) -> bool:
    known = gateway.http.get(f"/v1/jobs/{job_id}")
    unknown = gateway.http.get("/v1/jobs/5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10")
    same = (known.status_code, known.content) == (unknown.status_code, unknown.content)
    return same and not (gateway.parts.uploads / job_id).exists() and gateway.parts.results.list(job_id) == []


@pytest.mark.parametrize("stage", ["queued", "running", "done", "cancelled"])
def test_an_erased_job_is_as_one_that_never_was(gateway: Gateway, tmp_path: Path, stage: str) -> None:
    job_id = send(gateway)
    if stage == "running":
        gateway.jobs.claim_next("w")
    elif stage == "done":
        gateway.finish(job_id, tmp_path)
    elif stage == "cancelled":
        gateway.jobs.cancel(job_id)
    answer = gateway.http.delete(f"/v1/jobs/{job_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert is_gone(gateway, job_id)
    assert gateway.http.delete(f"/v1/jobs/{job_id}").status_code == 404
    assert gateway.http.get("/v1/jobs").json()["jobs"] == []


def test_a_worker_that_is_at_it_stops_and_what_it_wrote_late_is_removed(gateway: Gateway) -> None:
    job_id = send(gateway)
    stopped = threading.Event()

    def contour(job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        progress("segment", 0.5)
        assert gateway.http.delete(f"/v1/jobs/{job_id}").status_code == 204
        out.mkdir()
        (out / "seg.dcm").write_bytes(b"late")
        parts.results.put(f"{job.id}/1/seg.dcm", out / "seg.dcm")  # as one would that was in the midst of it
        stopped.set()
        progress("write", 0.9)
        raise AssertionError("it was not stopped")

    parts = WorkerParts(gateway.jobs, gateway.parts.results, gateway.parts.uploads, contour, "host:1")
    assert run_next(parts, Shift())
    assert stopped.is_set()
    assert is_gone(gateway, job_id)


def test_files_that_cannot_be_removed_now_are_told_and_left_to_the_janitor(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = send(gateway)
    gateway.finish(job_id, tmp_path)

    def refuse(prefix: str) -> None:
        raise StoreError

    monkeypatch.setattr(gateway.parts.results, "delete", refuse)
    assert gateway.http.delete(f"/v1/jobs/{job_id}").status_code == 503
    assert gateway.http.get(f"/v1/jobs/{job_id}").status_code == 404
    assert [stone.job_id for stone in gateway.jobs.tombstones()] == [job_id]


def test_nobody_erases_the_job_of_another(keyed: Gateway) -> None:
    mine, theirs = {"X-API-Key": KEY}, {"X-API-Key": OTHER_KEY}
    job_id = keyed.http.post("/v1/jobs", files=FILES, headers=mine).json()["id"]
    for headers, status in ((theirs, 404), ({}, 401)):
        assert keyed.http.delete(f"/v1/jobs/{job_id}", headers=headers).status_code == status
    assert keyed.http.get(f"/v1/jobs/{job_id}", headers=mine).status_code == 200
    assert keyed.http.delete(f"/v1/jobs/{job_id}", headers=mine).status_code == 204
