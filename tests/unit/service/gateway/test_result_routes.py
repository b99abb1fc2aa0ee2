import io
import zipfile
from pathlib import Path

import pytest

from service.jobs import Ending, Problem, State
from tests.unit.service.gateway.conftest import Gateway

MEDIA_TYPES = {
    "rtstruct.dcm": "application/dicom",
    "seg.dcm": "application/dicom",
    "report.json": "application/json",
    "preview.png": "image/png",
}


@pytest.fixture
def job_id(gateway: Gateway) -> str:
    return str(gateway.http.post("/v1/jobs", files={"f": ("a", b"x")}).json()["id"])


def test_each_result_of_a_done_job_is_where_the_job_says(gateway: Gateway, job_id: str, tmp_path: Path) -> None:
    gateway.finish(job_id, tmp_path)
    results = gateway.http.get(f"/v1/jobs/{job_id}").json()["results"]
    assert {result["name"] for result in results} == set(MEDIA_TYPES)
    for result in results:
        answer = gateway.http.get(result["href"])
        name = result["name"]
        assert answer.content == name.encode() * 100
        assert answer.headers["content-type"] == MEDIA_TYPES[name]
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["content-length"] == str(len(answer.content))


def test_all_results_come_as_one_zip_the_same_each_time(gateway: Gateway, job_id: str, tmp_path: Path) -> None:
    gateway.finish(job_id, tmp_path)
    path = gateway.http.get(f"/v1/jobs/{job_id}").json()["results_zip"]
    answer = gateway.http.get(path)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            name: name.encode() * 100 for name in MEDIA_TYPES
        }
    assert gateway.http.get(path).content == answer.content


@pytest.mark.parametrize("path", ["results/seg.dcm", "results.zip"])
def test_before_the_end_there_are_no_results(gateway: Gateway, job_id: str, path: str) -> None:
    answer = gateway.http.get(f"/v1/jobs/{job_id}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (409, "RESULT_NOT_READY")


@pytest.mark.parametrize("path", ["results/seg.dcm", "results.zip"])
def test_a_failed_job_has_none_and_says_why(gateway: Gateway, job_id: str, path: str) -> None:
    gateway.jobs.claim_next("w")
    gateway.jobs.end(job_id, "w", Ending(State.FAILED, Problem("NOT_CT", "No CT.")))
    answer = gateway.http.get(f"/v1/jobs/{job_id}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (409, "JOB_FAILED")
    assert "NOT_CT" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["other.dcm", "..%2f..%2fjobs.sqlite", "%2e%2e", "seg.dcm%00"])
def test_a_name_the_job_does_not_list_is_not_found(gateway: Gateway, job_id: str, name: str, tmp_path: Path) -> None:
    gateway.finish(job_id, tmp_path)
    answer = gateway.http.get(f"/v1/jobs/{job_id}/results/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_result_that_is_gone_from_the_store_is_an_error_of_the_store(
    gateway: Gateway, job_id: str, tmp_path: Path
) -> None:
    gateway.finish(job_id, tmp_path)
    gateway.parts.results.delete(job_id)
    answer = gateway.http.get(f"/v1/jobs/{job_id}/results/seg.dcm")
    assert (answer.status_code, answer.json()["code"]) == (503, "OBJECT_NOT_FOUND")
