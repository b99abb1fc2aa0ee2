"""Every route, with no key, a wrong one, and another tenant's."""

from pathlib import Path

import pytest

from pedcontour.errors import ForbiddenBindingError, UnauthorizedError
from service.gateway.keys import KeyRing, check_binding
from tests.unit.service.gateway.conftest import KEY, OTHER_KEY, Gateway

FILES = {"file": ("a.dcm", b"x")}
MINE, THEIRS = {"X-API-Key": KEY}, {"X-API-Key": OTHER_KEY}
JOB_ROUTES = [
    ("GET", "/v1/jobs/{job}"),
    ("POST", "/v1/jobs/{job}/cancel"),
    ("GET", "/v1/jobs/{job}/events"),
    ("GET", "/v1/jobs/{job}/results/seg.dcm"),
    ("GET", "/v1/jobs/{job}/results.zip"),
]
OPEN = ["/health/live", "/health/ready", "/metrics"]


def a_done_job(keyed: Gateway, tmp_path: Path) -> str:
    job_id = str(keyed.http.post("/v1/jobs", files=FILES, headers=MINE).json()["id"])
    keyed.finish(job_id, tmp_path)
    return job_id


@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": "wrong-key-0123456789"}, {"X-API-Key": ""}, {"X-API-Key": KEY[:-1]}]
)
def test_without_a_valid_key_no_v1_route_answers(keyed: Gateway, tmp_path: Path, headers: dict[str, str]) -> None:
    job_id = a_done_job(keyed, tmp_path)
    routes = [*JOB_ROUTES, ("POST", "/v1/jobs"), ("GET", "/v1/models"), ("GET", "/v1/models/stand-in")]
    for method, path in routes:
        answer = keyed.http.request(method, path.format(job=job_id), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        assert "X-API-Key" in answer.headers["www-authenticate"]


def test_an_upload_without_a_key_leaves_nothing(keyed: Gateway) -> None:
    assert keyed.http.post("/v1/jobs", files=FILES).status_code == 401
    assert not keyed.parts.uploads.exists()


@pytest.mark.parametrize(("method", "path"), JOB_ROUTES)
def test_a_foreign_job_answers_as_an_unknown_one(keyed: Gateway, tmp_path: Path, method: str, path: str) -> None:
    job_id = a_done_job(keyed, tmp_path)
    foreign = keyed.http.request(method, path.format(job=job_id), headers=THEIRS)
    unknown = keyed.http.request(method, path.format(job="5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10"), headers=THEIRS)
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert foreign.status_code == 404
    assert keyed.http.request(method, path.format(job=job_id), headers=MINE).status_code in (200, 202)


@pytest.mark.parametrize("path", OPEN)
def test_the_monitoring_needs_no_key(keyed: Gateway, path: str) -> None:
    assert keyed.http.get(path).status_code in (200, 503)


def test_every_v1_route_is_in_this_test(keyed: Gateway) -> None:
    known = {"/v1/jobs", "/v1/models", "/v1/models/{model_id}"} | {
        path.replace("{job}", "{job_id}") for _, path in JOB_ROUTES
    }
    paths = set(keyed.http.get("/openapi.json").json()["paths"]) - set(OPEN)
    assert {path.replace("results/{name}", "results/seg.dcm") for path in paths} == known


def test_a_key_ring_tells_tenants_apart_and_no_key_apart_from_its_name() -> None:
    ring = KeyRing([KEY, OTHER_KEY])
    assert ring.tenant(KEY) != ring.tenant(OTHER_KEY)
    assert KEY not in ring.tenant(KEY)
    assert KeyRing().tenant(None) == KeyRing().tenant("whatever") == ""
    with pytest.raises(UnauthorizedError):
        ring.tenant(None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_without_keys_no_address_beyond_this_machine_is_bound(host: str) -> None:
    with pytest.raises(ForbiddenBindingError):
        check_binding(host, KeyRing())
    check_binding(host, KeyRing([KEY]))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_itself_needs_no_key(host: str) -> None:
    check_binding(host, KeyRing())
