"""What holds for the gateway as a whole: headers, problems, health, figures, models, and what it must not import."""

import json
import logging
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from pedcontour import __version__, errors
from pedcontour.errors import BrokerError, JobTableError, PedcontourError, StoreError
from service.audit import FileTrail
from service.gateway import export_openapi
from service.gateway.access import authorize
from service.gateway.app import create_app
from service.gateway.principals import ANYBODY
from service.gateway.problems import status_of
from service.jobs import Job, Options, Priority
from tests.unit.service.gateway.conftest import Gateway, make_gateway

CONTRACT = Path(__file__).parents[4] / "openapi" / "openapi.json"


def test_the_gateway_imports_nothing_that_its_image_leaves_out() -> None:
    left_out = {"torch", "nnunetv2", "scipy", "highdicom", "SimpleITK"}
    code = (
        "import sys, service.gateway.__main__; from service.gateway import export_openapi; export_openapi.contract();"
        f"print(sorted({left_out} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_exported_contract_is_the_one_that_is_served() -> None:
    assert CONTRACT.read_text("utf-8") == export_openapi.contract(), "run `make openapi` and look at what changed"


def test_every_operation_is_described_and_every_refusal_is_a_problem() -> None:
    document = json.loads(export_openapi.contract())
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("path", ["/v1/jobs/", "/v1/models/", "/health/live/"])
def test_an_address_with_a_slash_too_many_is_unknown_and_leads_nowhere_else(gateway: Gateway, path: str) -> None:
    answer = gateway.http.get(path, headers={"Host": "evil.example"}, follow_redirects=False)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/health/live", "/v1/models", "/v1/jobs/x", "/nowhere", "/openapi.json", "/metrics"])
def test_every_answer_carries_the_security_headers(gateway: Gateway, path: str) -> None:
    headers = gateway.http.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert "strict-transport-security" not in headers
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("GET", "/docs", 404, "NOT_FOUND"),
        ("PUT", "/v1/jobs", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/models/none", 404, "MODEL_NOT_FOUND"),
        ("GET", "/v1/models/..%2f..", 404, "NOT_FOUND"),
    ],
)
def test_every_refusal_is_a_problem_document(gateway: Gateway, method: str, path: str, status: int, code: str) -> None:
    answer = gateway.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert status != 405 or answer.headers["allow"]


def test_an_unexpected_error_tells_its_class_and_nothing_else(
    tmp_path: Path, models: None, caplog: pytest.LogCaptureFixture
) -> None:
    router = APIRouter()

    @router.get("/broken")
    def broken() -> None:
        raise ValueError("Phantom^Child 20200101")

    app = create_app(make_gateway(tmp_path).parts)
    app.include_router(router)
    app.dependency_overrides[authorize] = lambda: ANYBODY
    with caplog.at_level(logging.DEBUG):
        answer = TestClient(app).get("/broken")
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (500, "INTERNAL", "ValueError")
    assert "Phantom" not in answer.text + caplog.text
    assert "/broken: ValueError" in caplog.text
    assert caplog.text.count("Traceback") == 0


def test_every_error_has_a_status_and_only_unforeseen_ones_are_500() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PedcontourError)]
    for kind in kinds:
        assert 400 <= status_of(kind()) <= 503
    assert {kind.__name__ for kind in kinds if status_of(kind()) < 500} >= {"NotCtError", "UnauthorizedError"}


def test_alive_is_alive_even_when_nothing_else_is(gateway: Gateway) -> None:
    assert gateway.http.get("/health/live").json() == {"status": "alive"}


def test_ready_needs_every_part(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gateway.http.get("/health/ready").json()["detail"] == "worker"
    gateway.jobs.worker_seen("w")
    assert gateway.http.get("/health/ready").status_code == 200

    def broken(error: type[StoreError]) -> None:
        raise error

    monkeypatch.setattr(gateway.queue, "check", lambda: broken(BrokerError))
    monkeypatch.setattr(gateway.jobs, "check", lambda: broken(JobTableError))
    answer = TestClient(create_app(gateway.parts)).get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_READY")
    assert answer.json()["detail"] == "job_table, broker"


def test_a_gateway_without_any_model_is_not_ready(tmp_path: Path) -> None:
    gateway = make_gateway(tmp_path)
    gateway.jobs.worker_seen("w")
    assert gateway.http.get("/health/ready").json()["detail"] == "model"
    assert 'pedcontour_up{part="model"} 0.0' in gateway.http.get("/metrics").text


def test_a_damaged_model_makes_the_service_not_ready_and_refuses_jobs_for_now(gateway: Gateway, tmp_path: Path) -> None:
    gateway.jobs.worker_seen("w")
    (tmp_path / "models" / "stand-in" / "plans.json").write_text("{}")
    assert gateway.http.get("/health/ready").json()["detail"] == "model"
    sent = gateway.http.post("/v1/jobs", files={"f": ("a", b"x")})
    assert (sent.status_code, sent.json()["code"]) == (503, "MODEL_CHECKSUM_MISMATCH")
    assert int(sent.headers["Retry-After"]) > 0
    assert gateway.http.get("/v1/models/stand-in").status_code == 503
    (tmp_path / "models" / "stand-in" / "SHA256SUMS").unlink()
    sent = gateway.http.post("/v1/jobs", files={"f": ("a", b"x")})
    assert (sent.status_code, sent.json()["code"]) == (503, "MODEL_INVALID")


def test_an_audit_file_that_cannot_be_written_makes_the_service_not_ready(tmp_path: Path, models: None) -> None:
    (tmp_path / "file").write_text("")
    gateway = make_gateway(tmp_path, audit=FileTrail(tmp_path / "file" / "audit", 4096))
    gateway.jobs.worker_seen("w")
    assert gateway.http.get("/health/ready").json()["detail"] == "audit"
    figures = gateway.http.get("/metrics").text
    assert 'pedcontour_up{part="audit"} 0.0' in figures and 'pedcontour_up{part="model"} 1.0' in figures


def test_jobs_that_nobody_begins_make_the_service_not_ready_and_show_in_the_figures(gateway: Gateway) -> None:
    long_ago = datetime(2026, 3, 1, tzinfo=UTC)
    gateway.jobs.worker_seen("w")
    gateway.jobs.accept(Job("a", Options("model"), long_ago, long_ago))
    assert gateway.http.get("/health/ready").json()["detail"] == "consumption"
    assert "pedcontour_consumption_stalled 1.0" in gateway.http.get("/metrics").text
    gateway.jobs.claim_next("w")
    assert gateway.http.get("/health/ready").status_code == 200
    assert "pedcontour_consumption_stalled 0.0" in gateway.http.get("/metrics").text


def test_figures_count_jobs_requests_and_uploads_without_ids(gateway: Gateway) -> None:
    job_id = gateway.http.post("/v1/jobs", files={"f": ("a", b"12345")}).json()["id"]
    gateway.http.get(f"/v1/jobs/{job_id}")
    gateway.http.get("/no/such/page")
    gateway.http.request("BREW", "/v1/jobs")
    text = gateway.http.get("/metrics").text
    for line in (
        'pedcontour_jobs{state="queued"} 1.0',
        'pedcontour_queue_depth{queue="pedcontour.routine"} 1.0',
        'pedcontour_waiting_jobs{priority="routine"} 1.0',
        "pedcontour_consumption_stalled 0.0",
        "pedcontour_upload_bytes_total 5.0",
        'pedcontour_http_requests_total{method="GET",route="/v1/jobs/{job_id}",status="2xx"} 1.0',
        'pedcontour_http_requests_total{method="GET",route="none",status="4xx"} 1.0',
        'pedcontour_http_refusals_total{code="NOT_FOUND"} 1.0',
        'pedcontour_job_run_seconds_bucket{le="+Inf"} 0.0',
        f'pedcontour_build_info{{version="{__version__}"}} 1.0',
    ):
        assert line in text
    assert job_id not in text
    assert "BREW" not in text


def test_figures_are_given_when_a_part_is_down(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(priority: Priority) -> int:
        raise BrokerError

    monkeypatch.setattr(gateway.queue, "depth", broken)
    text = gateway.http.get("/metrics").text
    assert 'pedcontour_up{part="broker"} 0.0' in text
    assert 'pedcontour_up{part="job_table"} 1.0' in text


def test_models_are_listed_with_their_organs_and_shown_with_their_card(gateway: Gateway) -> None:
    [model] = gateway.http.get("/v1/models").json()["models"]
    assert (model["id"], model["is_default"], len(model["digest_sha256"])) == ("stand-in", True, 64)
    assert model["organs"][2] == {
        "label": 3,
        "organ": "kidney_left",
        "name": "Left kidney",
        "roi_name": "Kidney_L",
        "may_be_absent": True,
    }
    assert gateway.http.get("/v1/models/stand-in").json()["card"].startswith("# Stand-in")


def test_without_models_the_list_is_empty_and_a_job_is_refused(tmp_path: Path) -> None:
    gateway = make_gateway(tmp_path)
    assert gateway.http.get("/v1/models").json() == {"models": []}
    answer = gateway.http.post("/v1/jobs", files={"f": ("a", b"x")})
    assert (answer.status_code, answer.json()["code"]) == (404, "MODEL_NOT_FOUND")


def test_behind_tls_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    headers = make_gateway(tmp_path, hsts_s=31536000).http.get("/health/live").headers
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("given", ["0123456789abcdef0123456789abcdef", "5E0F3C0A-52F5-4A55-8D0F-2F6F7F6A9F10"])
def test_a_request_id_of_the_caller_comes_back(gateway: Gateway, given: str) -> None:
    assert gateway.http.get("/health/live", headers={"X-Request-ID": given}).headers["x-request-id"] == given.lower()


@pytest.mark.parametrize(
    "given", ["", "Phantom^Child", "20190117", "a" * 500, "5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10 x"]
)
def test_a_request_id_that_may_be_anything_is_replaced(gateway: Gateway, given: str) -> None:
    answer = gateway.http.get("/health/live", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 36


def test_a_request_is_one_line_with_its_pattern_and_no_address(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        gateway.http.get("/v1/jobs/Phantom^Child")
    [record] = [record for record in caplog.records if record.getMessage() == "request"]
    told = vars(record)
    assert (told["method"], told["route"], told["status"]) == ("GET", "/v1/jobs/{job_id}", 404)
    assert told["code"] == "JOB_NOT_FOUND"
    assert "Phantom" not in str(told)
