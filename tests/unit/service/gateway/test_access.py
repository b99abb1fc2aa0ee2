"""A service with and without keys, asked from here and from elsewhere; the matrix of all routes has its own file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.apikeys import KeyRequest, MemoryKeyStore, make_key
from service.gateway.app import create_app
from service.gateway.keys import KeyRing
from service.gateway.remembered_keys import REVOKED_WITHIN_S, RememberedKeys
from tests.unit.service.gateway.conftest import KEY, Gateway, make_gateway


def from_address(gateway: Gateway, address: str) -> TestClient:
    return TestClient(create_app(gateway.parts), client=(address, 50000))


def test_the_figures_are_open_to_this_machine_alone(keyed: Gateway) -> None:
    assert from_address(keyed, "127.0.0.1").get("/metrics").status_code == 200
    assert from_address(keyed, "::1").get("/metrics").status_code == 200
    assert from_address(keyed, "192.0.2.7").get("/metrics").status_code == 401
    assert from_address(keyed, "192.0.2.7").get("/metrics", headers={"X-API-Key": KEY}).status_code == 200


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_who_comes_through_a_proxy_on_this_machine_is_not_from_here(keyed: Gateway, header: str) -> None:
    here = from_address(keyed, "127.0.0.1")
    assert here.get("/metrics", headers={header: "192.0.2.7"}).status_code == 401
    assert here.get("/health/ready", headers={header: "192.0.2.7"}).json().get("detail") is None


def test_a_setting_opens_the_figures(tmp_path: Path, models: None) -> None:
    open_to_all = make_gateway(tmp_path, KEY, metrics_open=True)
    assert from_address(open_to_all, "192.0.2.7").get("/metrics").status_code == 200
    assert from_address(open_to_all, "192.0.2.7").get("/v1/models").status_code == 401


def test_a_service_without_keys_asks_nobody_until_the_first_key_is_made(tmp_path: Path, models: None) -> None:
    store, seconds = MemoryKeyStore(), [0.0]
    gateway = make_gateway(tmp_path, keys=KeyRing((), RememberedKeys(store, lambda: seconds[0])))
    assert gateway.http.get("/v1/models").status_code == 200
    key, kept = make_key(KeyRequest("radiotherapy"), datetime.now(UTC))
    store.add(kept)
    seconds[0] = REVOKED_WITHIN_S
    assert gateway.http.get("/v1/models").status_code == 401
    assert gateway.http.get("/v1/models", headers={"X-API-Key": key}).status_code == 200


def test_a_service_whose_last_key_was_revoked_stays_shut(tmp_path: Path, models: None) -> None:
    store = MemoryKeyStore()
    _, kept = make_key(KeyRequest("radiotherapy"), datetime.now(UTC))
    store.add(kept)
    store.revoke(kept.prefix, datetime.now(UTC))
    gateway = make_gateway(tmp_path, keys=KeyRing((), RememberedKeys(store)))
    assert gateway.http.get("/v1/models").status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [("pedcontour.example", 200), ("PEDCONTOUR.example:8443", 200), ("evil.example", 421), ("", 421)],
)
def test_only_the_names_of_the_settings_are_answered(tmp_path: Path, models: None, host: str, status: int) -> None:
    gateway = make_gateway(tmp_path, allowed_hosts=("pedcontour.example",))
    answer = gateway.http.get("/v1/models", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "HOST_NOT_ALLOWED"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 202), ("none", 202)]
)
def test_a_web_page_of_another_site_cannot_send_jobs(gateway: Gateway, site: str, status: int) -> None:
    answer = gateway.http.post("/v1/jobs", files={"f": ("a", b"x")}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == status
    assert bool(gateway.queue.messages) == (status == 202)
