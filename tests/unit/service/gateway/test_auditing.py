"""What the audit file tells of requests, and what is refused when it cannot."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import MutableHeaders

from pedcontour.errors import AuditError, JobTableError
from service.audit import Entry, MemoryTrail
from service.gateway.app import create_app
from service.gateway.auditing import REFUSALS_AT_ONCE, Auditor
from service.jobs import Job, State
from service.jobstore import Witness
from tests.unit.service.gateway.conftest import KEY, OTHER_KEY, Gateway, make_gateway

FILES = {"file": ("Phantom^Child.dcm", b"x")}
MINE, THEIRS = {"X-API-Key": KEY}, {"X-API-Key": OTHER_KEY}

NO_HEADERS = MutableHeaders()


class FullDisk(MemoryTrail):
    def append(self, entry: Entry) -> None:
        raise AuditError("OSError")


def told(gateway: Gateway) -> list[tuple[str, str, str, str]]:
    trail = gateway.parts.audit
    assert isinstance(trail, MemoryTrail)
    return [(entry.action, entry.job, entry.result, entry.outcome) for entry in trail.entries]


def test_sending_reading_and_cancelling_are_recorded_and_looking_is_not(keyed: Gateway, tmp_path: Path) -> None:
    job = keyed.http.post("/v1/jobs", files=FILES, headers=MINE).json()["id"]
    keyed.http.get(f"/v1/jobs/{job}", headers=MINE)
    keyed.finish(job, tmp_path)
    keyed.http.get(f"/v1/jobs/{job}/results/seg.dcm", headers=MINE)
    keyed.http.get(f"/v1/jobs/{job}/results.zip", headers=MINE)
    keyed.http.post(f"/v1/jobs/{job}/cancel", headers=MINE)
    keyed.http.get("/v1/models", headers=MINE)
    assert told(keyed) == [
        ("send", job, "", "ok"),
        ("read", job, "seg.dcm", "ok"),
        ("read", job, "results.zip", "ok"),
        ("cancel", job, "", "ok"),
    ]
    who = {(entry.tenant, entry.who, entry.address) for entry in keyed.parts.audit.entries}  # type: ignore[attr-defined]
    [(tenant, name, address)] = who
    assert name.startswith("configured:") and KEY not in tenant + name
    assert address == "testclient"


def test_refusals_are_recorded_with_their_code_and_reaching_for_foreign_results_too(keyed: Gateway) -> None:
    job = keyed.http.post("/v1/jobs", files=FILES, headers=MINE).json()["id"]
    keyed.http.get(f"/v1/jobs/{job}/results/seg.dcm", headers=THEIRS)
    keyed.http.get(f"/v1/jobs/{job}")
    keyed.http.get("/v1/models", headers={"X-API-Key": "wrong-key-0123456789"})
    assert told(keyed)[1:] == [
        ("read", job, "", "JOB_NOT_FOUND"),
        ("call", job, "", "UNAUTHORIZED"),
        ("call", "", "", "UNAUTHORIZED"),
    ]


@pytest.mark.parametrize("path", ["/v1/jobs/Phantom^Child/cancel", "/v1/jobs/Phantom^Child/results/Phantom^Child.dcm"])
def test_what_a_caller_puts_into_an_address_is_not_recorded(keyed: Gateway, path: str) -> None:
    keyed.http.request("POST" if "cancel" in path else "GET", path, headers=MINE)
    [entry] = keyed.parts.audit.entries  # type: ignore[attr-defined]
    assert "Phantom" not in str(entry)
    assert entry.outcome == "JOB_NOT_FOUND"


def test_addresses_are_left_out_where_the_setting_says_so(tmp_path: Path, models: None) -> None:
    gateway = make_gateway(tmp_path, audit_addresses=False)
    gateway.http.post("/v1/jobs", files=FILES)
    [entry] = gateway.parts.audit.entries  # type: ignore[attr-defined]
    assert entry.address == ""


def test_what_cannot_be_recorded_is_not_given(tmp_path: Path, models: None) -> None:
    gateway = make_gateway(tmp_path)
    job = gateway.http.post("/v1/jobs", files=FILES).json()["id"]
    gateway.finish(job, tmp_path)
    with TestClient(create_app(replace(gateway.parts, audit=FullDisk()))) as http:
        for path in ("results/seg.dcm", "results.zip"):
            answer = http.get(f"/v1/jobs/{job}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (503, "AUDIT_FAILED")
            assert answer.headers["retry-after"] and b"seg.dcm" not in answer.content
        assert http.get(f"/v1/jobs/{job}").json()["state"] == State.DONE
        assert http.get("/health/live").status_code == 200


def test_no_job_is_taken_whose_record_cannot_be_written_and_a_retry_is_one_job(tmp_path: Path, models: None) -> None:
    gateway = make_gateway(tmp_path)
    keyed = {"Idempotency-Key": "plan-7"}
    with TestClient(create_app(replace(gateway.parts, audit=FullDisk()))) as full:
        answer = full.post("/v1/jobs", files=FILES, headers=keyed)
        assert (answer.status_code, answer.json()["code"]) == (503, "AUDIT_FAILED")
        assert gateway.http.get("/v1/jobs").json()["jobs"] == []
        assert list(gateway.parts.uploads.iterdir()) == [] and gateway.queue.messages == []
        first = gateway.http.post("/v1/jobs", files=FILES, headers=keyed)
        assert full.post("/v1/jobs", files=FILES, headers=keyed).status_code == 503  # and nothing is changed by it
        again = gateway.http.post("/v1/jobs", files=FILES, headers=keyed)
    assert (first.status_code, again.status_code) == (202, 200)
    job = first.json()["id"]
    assert again.json()["id"] == job
    assert [listed["id"] for listed in gateway.http.get("/v1/jobs").json()["jobs"]] == [job]
    assert told(gateway) == [("send", job, "", "ok"), ("send", job, "", "ok")]


def test_nothing_is_cancelled_or_erased_without_its_record(tmp_path: Path, models: None) -> None:
    gateway = make_gateway(tmp_path)
    job = gateway.http.post("/v1/jobs", files=FILES).json()["id"]
    with TestClient(create_app(replace(gateway.parts, audit=FullDisk()))) as full:
        assert full.post(f"/v1/jobs/{job}/cancel").status_code == 503
        assert full.delete(f"/v1/jobs/{job}").status_code == 503
    assert gateway.http.get(f"/v1/jobs/{job}").json()["state"] == "queued"
    gateway.http.delete(f"/v1/jobs/{job}")
    assert told(gateway) == [("send", job, "", "ok"), ("erase", job, "", "ok")]


def test_what_was_recorded_and_then_failed_is_told_as_that(
    tmp_path: Path, models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = make_gateway(tmp_path)
    accept = gateway.jobs.accept

    def recorded_and_lost(job: Job, witness: Witness) -> Job:
        accept(job, witness)
        gateway.jobs.erase(job.id)
        raise JobTableError

    monkeypatch.setattr(gateway.jobs, "accept", recorded_and_lost)
    assert gateway.http.post("/v1/jobs", files=FILES).status_code == 503
    [(_, job, _, recorded), (_, same, _, outcome)] = told(gateway)
    assert (recorded, outcome) == ("ok", "JOB_TABLE_FAILED") and job == same != ""


def test_somebody_who_knocks_without_end_does_not_fill_the_disk() -> None:
    seconds = [0.0]
    trail = MemoryTrail()
    auditor = Auditor(trail, with_addresses=True, elapsed=lambda: seconds[0])
    connection = {"method": "GET", "state": {"problem_code": "UNAUTHORIZED"}, "client": ("192.0.2.7", 1)}
    for _ in range(1000):
        auditor.record(connection, 401, NO_HEADERS)
    assert len(trail.entries) == REFUSALS_AT_ONCE
    seconds[0] = 10.0
    auditor.record(connection, 401, NO_HEADERS)
    assert trail.entries[-1].suppressed == 1000 - REFUSALS_AT_ONCE
    auditor.record({**connection, "state": {}}, 202, NO_HEADERS)
    assert trail.entries[-1].outcome == "ok"
