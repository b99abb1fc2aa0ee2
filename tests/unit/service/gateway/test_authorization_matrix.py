"""Every operation of the OpenAPI document, called by everybody who should not and by one who should.

The rows come from the application itself: a route that is added without a rule, or a rule without a route, fails here.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from service.apikeys import KeyRequest, MemoryKeyStore, Scope, make_key
from service.gateway import export_openapi
from service.gateway.app import create_app
from service.gateway.keys import KeyRing
from service.gateway.permissions import RULES
from service.gateway.remembered_keys import RememberedKeys
from tests.unit.service.gateway.conftest import Gateway, make_gateway

UNKNOWN_JOB = "5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10"
FILES = {"file": ("a.dcm", b"x")}
NOT_VALID = ("none", "wrong", "empty", "expired", "revoked", "a word", "basic")

OPERATIONS = [
    (method.upper(), path)
    for path, operations in json.loads(export_openapi.contract())["paths"].items()
    for method in operations
]
GUARDED = [operation for operation in OPERATIONS if RULES[" ".join(operation)].scope is not None]


@dataclass
class Callers:
    """A gateway with a done job of one tenant, and the headers of everybody."""

    gateway: Gateway
    job: str
    headers: dict[str, dict[str, str]]

    def call(self, method: str, path: str, caller: str, job: str | None = None) -> httpx.Response:
        names = {"job_id": job or self.job, "name": "seg.dcm", "model_id": "stand-in"}
        files = FILES if (method, path) == ("POST", "/v1/jobs") else None
        return self.gateway.http.request(method, path.format_map(names), headers=self.headers[caller], files=files)


def _keys(store: MemoryKeyStore) -> dict[str, str]:
    now = datetime.now(UTC)
    requests = {
        "right": KeyRequest("radiotherapy", frozenset(Scope)),
        "second": KeyRequest("radiotherapy", frozenset(Scope)),
        "other": KeyRequest("oncology", frozenset(Scope)),
        **{f"not {scope}": KeyRequest("radiotherapy", frozenset(Scope) - {scope}) for scope in Scope},
        "revoked": KeyRequest("radiotherapy", frozenset(Scope)),
        "expired": KeyRequest("radiotherapy", frozenset(Scope), valid_for=timedelta(days=1)),
    }
    given = {}
    for name, request in requests.items():
        key, kept = make_key(request, now - timedelta(days=2 if name == "expired" else 0))
        store.add(kept)
        given[name] = key
    store.revoke(given["revoked"].split("_")[1], now)
    return given


@pytest.fixture
def callers(tmp_path: Path, models: None) -> Iterator[Callers]:
    store = MemoryKeyStore()
    keys = _keys(store)
    headers = {name: {"X-API-Key": key} for name, key in keys.items()}
    headers |= {
        "bearer": {"Authorization": f"Bearer {keys['right']}"},
        "none": {},
        "wrong": {"X-API-Key": keys["right"][:-4] + "AAAA"},
        "empty": {"X-API-Key": ""},
        "a word": {"Authorization": "Bearer letmein"},
        "basic": {"Authorization": "Basic cGVkY29udG91cjo="},
    }
    gateway = make_gateway(tmp_path, keys=KeyRing((), RememberedKeys(store)))
    gateway.jobs.worker_seen("w")
    with gateway.http:
        job = gateway.http.post("/v1/jobs", files=FILES, headers=headers["right"]).json()["id"]
        gateway.finish(job, tmp_path)
        yield Callers(gateway, job, headers)


def test_every_route_has_a_rule_and_every_rule_a_route(tmp_path: Path) -> None:
    app = make_gateway(tmp_path).http.app
    served = {
        f"{method} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method in map(str.upper, operations)  # type: ignore[attr-defined]
    }
    assert served == set(RULES)
    hidden = [route.path for route in app.routes if isinstance(route, APIRoute) and not route.include_in_schema]  # type: ignore[attr-defined]
    assert hidden == []


def test_a_route_without_a_rule_is_refused_to_everybody(tmp_path: Path) -> None:
    router = APIRouter()

    @router.get("/v1/forgotten")
    def forgotten() -> str:
        return "secret"

    app = create_app(make_gateway(tmp_path).parts)
    app.include_router(router)
    answer = TestClient(app).get("/v1/forgotten")
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")


def test_health_is_all_that_strangers_may_ask() -> None:
    assert {operation for operation, rule in RULES.items() if rule.scope is None} == {
        "GET /health/live",
        "GET /health/ready",
    }


@pytest.mark.parametrize("caller", NOT_VALID)
@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_who_shows_nothing_valid_is_refused(callers: Callers, method: str, path: str, caller: str) -> None:
    answer = callers.call(method, path, caller)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    schemes = [challenge.split()[0] for challenge in answer.headers.get_list("www-authenticate")]
    assert schemes == ["ApiKey", "Bearer"]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_who_lacks_the_scope_is_told_which(callers: Callers, method: str, path: str) -> None:
    scope = RULES[f"{method} {path}"].scope
    answer = callers.call(method, path, f"not {scope}")
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (403, "SCOPE_MISSING", scope)
    assert f'error="insufficient_scope", scope="{scope}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_for_another_tenant_a_job_does_not_exist(callers: Callers, method: str, path: str) -> None:
    foreign = callers.call(method, path, "other")
    if "{job_id}" not in path:
        assert foreign.status_code < 300
        return
    unknown = callers.call(method, path, "other", job=UNKNOWN_JOB)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "JOB_NOT_FOUND")
    assert foreign.content == unknown.content
    told = {name: value for name, value in foreign.headers.items() if name != "x-request-id"}
    assert told == {name: value for name, value in unknown.headers.items() if name != "x-request-id"}


@pytest.mark.parametrize("caller", ["right", "second", "bearer"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_who_may_is_let_in_with_either_key_of_the_tenant(callers: Callers, method: str, path: str, caller: str) -> None:
    assert callers.call(method, path, caller).status_code < 300


@pytest.mark.parametrize("caller", ["none", "wrong", "expired", "not metrics:read"])
def test_strangers_learn_yes_or_no_and_nothing_more(callers: Callers, caller: str) -> None:
    assert callers.call("GET", "/health/live", caller).json() == {"status": "alive"}
    assert callers.call("GET", "/health/ready", caller).json() == {"status": "ready", "checks": {}}


def test_who_reads_the_figures_also_learns_what_readiness_is_made_of(callers: Callers) -> None:
    assert callers.call("GET", "/health/ready", "right").json()["checks"]["broker"] == "ok"


def test_a_refused_upload_leaves_nothing(callers: Callers) -> None:
    before = sorted(callers.gateway.parts.uploads.iterdir())
    for caller in (*NOT_VALID, "not jobs:write"):
        callers.call("POST", "/v1/jobs", caller)
    assert sorted(callers.gateway.parts.uploads.iterdir()) == before
    assert len(callers.gateway.queue.messages) == 1
