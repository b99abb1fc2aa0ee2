import re
from pathlib import Path
from typing import Any

import pytest

from pedcontour.errors import BrokerError, JobTableError
from service.gateway.requests import FIELDS
from service.jobs import Ending, Job, Priority, Problem, State
from service.jobstore import Witness
from tests.unit.service.gateway.conftest import LIMITS, Gateway

FILES = [("files", (f"{n}.dcm", b"slice" + bytes([n]))) for n in range(3)]

EACH_FIELD = {
    "model": "stand-in",
    "structures": "Liver",
    "absent": "Kidney_L",
    "present": "Kidney_R",
    "absence_policy": "flag_only",
    "series": "1.2.3",
    "mode": "exact",
    "priority": "urgent",
    "profile": "monaco",
    "outputs": "rtstruct",
    "seg_encoding": "labelmap",
    "holes": "keyhole",
    "decimals": "2",
    "name_length": "20",
    "names": "tg263",
    "empty_rois": "keep",
}
"""A value that is not the default one, for every field there is."""


def uploaded(gateway: Gateway) -> dict[str, bytes]:
    [folder] = gateway.parts.uploads.iterdir()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["type"] == f"urn:pedcontour:problem:{document['code']}"
    assert document["title"].endswith(".")
    return document


def test_a_series_is_accepted_kept_and_handed_on(gateway: Gateway) -> None:
    answer = gateway.http.post("/v1/jobs", files=FILES)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["model"], job["upload"]) == ("queued", "stand-in", {"files": 3, "bytes": 18})
    assert gateway.queue.messages == [job["id"]]
    assert uploaded(gateway) == {f"{n + 1:06}.dcm": b"slice" + bytes([n]) for n in range(3)}
    assert gateway.http.get(answer.headers["location"]).json() == job


@pytest.mark.parametrize("as_form", [True, False])
def test_options_come_as_query_or_form_by_id_or_name_in_lists_or_one_by_one(gateway: Gateway, as_form: bool) -> None:
    given = {"structures": ["Liver,spleen", "Kidney_R"], "absent": "Kidney_L", "series": "1.2.3", "model": "stand-in"}
    given |= {"present": "kidney_r", "absence_policy": "flag_only"}
    send = {"data": given} if as_form else {"params": given}
    job = gateway.http.post("/v1/jobs", files=FILES, **send).json()  # type: ignore[arg-type]
    assert job["structures"] == ["liver", "spleen", "kidney_right"]
    assert (job["absent"], job["series_uid"], job["model"]) == (["kidney_left"], "1.2.3", "stand-in")
    assert (job["present"], job["absence_policy"]) == (["kidney_right"], "flag_only")


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_taken_once_from_the_form_or_from_the_query_and_means_the_same(
    gateway: Gateway, field: str
) -> None:
    given = {field: EACH_FIELD[field]}
    kept = []
    for send in ({"data": given}, {"params": given}):
        answer = gateway.http.post("/v1/jobs", files=FILES, **send)  # type: ignore[arg-type]
        assert answer.status_code == 202, answer.text
        job = gateway.jobs.get(answer.json()["id"])
        assert job is not None
        kept.append((job.options, job.priority))
    assert kept[0] == kept[1]
    twice = gateway.http.post("/v1/jobs", files=FILES, data=given, params=given)
    assert (twice.status_code == 202) is (field in ("structures", "absent", "present", "outputs"))


@pytest.mark.parametrize("as_form", [True, False])
def test_the_mode_is_kept_and_shown_and_standard_where_none_is_named(gateway: Gateway, as_form: bool) -> None:
    def mode_of(given: dict[str, str]) -> str:
        send: dict[str, Any] = {"data": given} if as_form else {"params": given}
        answer = gateway.http.post("/v1/jobs", files=FILES, **send).json()
        job = gateway.jobs.get(answer["id"])
        assert job is not None and job.options.mode == answer["mode"]
        return job.options.mode

    assert [mode_of({"mode": mode}) for mode in ("exact", "fast")] == ["exact", "fast"]
    assert mode_of({}) == "standard"


def test_one_zip_comes_as_a_file_or_as_the_body_itself(gateway: Gateway, tmp_path: Path) -> None:
    content = b"PK\x03\x04" + b"x" * 5000
    answers = [
        gateway.http.post("/v1/jobs", files={"file": ("a.zip", content)}),
        gateway.http.post("/v1/jobs", content=content, headers={"Content-Type": "application/zip"}),
    ]
    for answer in answers:
        folder = gateway.parts.uploads / answer.json()["id"]
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"upload.zip": content}


@pytest.mark.parametrize("media_type", ["application/dicom", "application/octet-stream", "application/zip"])
def test_one_file_may_be_the_body_itself_and_its_bytes_say_what_it_is(gateway: Gateway, media_type: str) -> None:
    for content, name in ((b"\0" * 128 + b"DICM...", "000001.dcm"), (b"PK\x03\x04...", "upload.zip")):
        answer = gateway.http.post("/v1/jobs", content=content, headers={"Content-Type": media_type})
        folder = gateway.parts.uploads / answer.json()["id"]
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {name: content}


@pytest.mark.parametrize("send", [{"params": {"priority": "urgent"}}, {"data": {"priority": "urgent"}}])
def test_an_urgent_job_is_kept_as_such(gateway: Gateway, send: dict[str, Any]) -> None:
    job = gateway.http.post("/v1/jobs", files=FILES, **send).json()
    assert job["priority"] == "urgent"
    assert gateway.queue.depth(Priority.URGENT) == 1
    assert gateway.http.post("/v1/jobs", files=FILES).json()["priority"] == "routine"


@pytest.mark.parametrize("send", [{"params": {"priority": "now"}}, {"data": {"priority": "now"}}])
def test_a_priority_that_is_none_is_refused(gateway: Gateway, send: dict[str, Any]) -> None:
    assert problem(gateway.http.post("/v1/jobs", files=FILES, **send), 422)["code"] == "REQUEST_INVALID"


def test_more_than_a_thousand_files_are_one_upload(gateway: Gateway) -> None:
    files = [("files", ("x", b"slice %d" % n)) for n in range(1500)]
    assert gateway.http.post("/v1/jobs", files=files).json()["upload"]["files"] == 1500
    assert uploaded(gateway)["001500.dcm"] == b"slice 1499"


def test_names_of_files_go_nowhere(gateway: Gateway) -> None:
    gateway.http.post("/v1/jobs", files=[("files", ("../../Phantom^Child.dcm", b"x")), ("../f", ("/etc/passwd", b"y"))])
    assert set(uploaded(gateway)) == {"000001.dcm", "000002.dcm"}


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"files": [("files", ("a.dcm", b""))]}, 400, "UPLOAD_EMPTY"),
        ({"files": {"model": (None, b"stand-in")}}, 400, "UPLOAD_EMPTY"),
        ({"content": b"x", "headers": {"Content-Type": "application/json"}}, 415, "MEDIA_TYPE_UNSUPPORTED"),
        ({"content": b"x"}, 415, "MEDIA_TYPE_UNSUPPORTED"),
        ({"files": FILES, "headers": {"Content-Encoding": "gzip"}}, 415, "MEDIA_TYPE_UNSUPPORTED"),
        ({"content": b"", "headers": {"Content-Type": "application/zip"}}, 400, "UPLOAD_EMPTY"),
        (
            {"content": b"--b\r\nnone", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
            400,
            "UPLOAD_MALFORMED",
        ),
        ({"content": b"?", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400, "UPLOAD_MALFORMED"),
        ({"files": FILES, "params": {"model": "none"}}, 404, "MODEL_NOT_FOUND"),
        ({"files": FILES, "data": {"model": "../../etc"}}, 404, "MODEL_NOT_FOUND"),
        ({"files": FILES, "params": {"structures": "Brain"}}, 422, "STRUCTURE_UNKNOWN"),
        ({"files": FILES, "data": {"absent": "Liver"}}, 422, "ABSENCE_NOT_ALLOWED"),
        ({"files": FILES, "data": {"present": "Kidney_L", "absent": "Kidney_L"}}, 422, "PRESENCE_CONTRADICTED"),
        ({"files": FILES, "data": {"absence_policy": "sometimes"}}, 422, "REQUEST_INVALID"),
        ({"files": FILES, "params": {"abset": "Kidney_L"}}, 422, "REQUEST_INVALID"),
        ({"files": FILES, "data": {"abset": "Kidney_L"}}, 422, "REQUEST_INVALID"),
        ({"files": FILES, "data": {"model": "stand-in"}, "params": {"model": "stand-in"}}, 422, "REQUEST_INVALID"),
        ({"files": FILES, "data": {"series": "1" * 20_000}}, 422, "REQUEST_INVALID"),
        ({"files": FILES, "data": {"absent": ["Kidney_L"] * 200}}, 422, "REQUEST_INVALID"),
        ({"files": FILES, "data": {"series": "1.2.x"}}, 422, "REQUEST_INVALID"),
        ({"files": [("f", ("a", b"x" * (LIMITS.max_bytes + 1)))]}, 413, "UPLOAD_TOO_LARGE"),
        ({"files": [("f", ("a", b"x"))] * 2001}, 413, "UPLOAD_TOO_LARGE"),
        (
            {"content": iter([b"x" * 2**20] * 6), "headers": {"Content-Type": "application/zip"}},
            413,
            "UPLOAD_TOO_LARGE",
        ),
        ({"content": b"x" * 6 * 2**20, "headers": {"Content-Type": "application/zip"}}, 413, "UPLOAD_TOO_LARGE"),
    ],
)
def test_what_cannot_be_taken_is_refused_and_leaves_nothing(
    gateway: Gateway, sent: dict[str, Any], status: int, code: str
) -> None:
    assert problem(gateway.http.post("/v1/jobs", **sent), status)["code"] == code
    assert gateway.queue.messages == []
    assert not gateway.parts.uploads.exists() or list(gateway.parts.uploads.iterdir()) == []


def test_empty_parts_without_end_are_stopped(gateway: Gateway) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert problem(gateway.http.post("/v1/jobs", content=part * 10_000, headers=headers), 413)


def test_a_job_is_kept_when_the_broker_does_not_take_its_message(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(job_id: str, priority: Priority) -> None:
        raise BrokerError

    monkeypatch.setattr(gateway.queue, "send", refuse)
    answer = gateway.http.post("/v1/jobs", files=FILES)
    assert answer.status_code == 202
    assert gateway.jobs.get(answer.json()["id"]) is not None


def test_a_job_that_cannot_be_kept_is_refused_and_its_upload_removed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(job: Job, witness: Witness) -> None:
        raise JobTableError

    monkeypatch.setattr(gateway.jobs, "accept", refuse)
    answer = gateway.http.post("/v1/jobs", files=FILES)
    assert problem(answer, 503)["code"] == "JOB_TABLE_FAILED"
    assert int(answer.headers["retry-after"]) > 0
    assert list(gateway.parts.uploads.iterdir()) == []
    assert gateway.queue.messages == []


def test_a_failed_job_shows_its_problem(gateway: Gateway) -> None:
    job_id = gateway.http.post("/v1/jobs", files=FILES).json()["id"]
    gateway.jobs.claim_next("w")
    gateway.jobs.end(job_id, "w", Ending(State.FAILED, Problem("GANTRY_TILT", "Tilted.", "14 degrees", ("1.2", "1.3"))))
    job = gateway.http.get(f"/v1/jobs/{job_id}").json()
    assert job["state"] == "failed"
    assert job["problem"]["code"] == "GANTRY_TILT"
    assert job["problem"]["instance_uids"] == ["1.2", "1.3"]
    assert job["results"] == []


def test_a_waiting_job_is_cancelled(gateway: Gateway) -> None:
    job_id = gateway.http.post("/v1/jobs", files=FILES).json()["id"]
    answer = gateway.http.post(f"/v1/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")


@pytest.mark.parametrize(
    "path", ["/v1/jobs/x", "/v1/jobs/x/cancel", "/v1/jobs/x/results/seg.dcm", "/v1/jobs/x/results.zip"]
)
def test_an_unknown_job_is_not_found(gateway: Gateway, path: str) -> None:
    method = "POST" if path.endswith("cancel") else "GET"
    assert problem(gateway.http.request(method, path), 404)["code"] == "JOB_NOT_FOUND"


def test_job_ids_cannot_be_guessed(gateway: Gateway) -> None:
    ids = {gateway.http.post("/v1/jobs", files=FILES).json()["id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", each) for each in ids
    )
