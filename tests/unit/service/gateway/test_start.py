"""From settings to a gateway: whose headers are believed, under which names it answers, what guards it."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from pedcontour.errors import ForbiddenBindingError
from pedcontour.settings import PREFIX, Settings
from service.apikeys import KeyRequest, make_key
from service.gateway import __main__ as gateway
from service.gateway.doorkeeper import THIS_MACHINE
from service.gateway.heads import HeadWatch
from service.gateway.start import check_guard, parts_from
from service.keytable import open_key_table

BROKER = "redis+socket:///nowhere"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def settings(tmp_path: Path, **changes: Any) -> Settings:
    return Settings(**{"data_dir": tmp_path, "redis_url": BROKER} | changes)


def add_key(tmp_path: Path) -> str:
    key, kept = make_key(KeyRequest("radiotherapy"), datetime.now(UTC))
    open_key_table(f"sqlite:///{tmp_path / 'jobs.sqlite'}").add(kept)
    return key


@pytest.mark.parametrize(
    ("proxies", "believed"), [("", (False, "")), ("192.0.2.1, 10.0.0.0/8", (True, "192.0.2.1,10.0.0.0/8"))]
)
def test_forwarded_headers_are_believed_from_named_proxies_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxies: str, believed: tuple[bool, str]
) -> None:
    started: list[uvicorn.Config] = []
    access_log = logging.getLogger("uvicorn.access")
    monkeypatch.setattr(access_log, "propagate", access_log.propagate)  # uvicorn turns it off, for this test alone
    monkeypatch.setattr(uvicorn.Server, "run", lambda server: started.append(server.config))
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    gateway.serve_http(settings(tmp_path, trusted_proxies=proxies, header_timeout_s=7, port=0))
    [config] = started
    assert (config.proxy_headers, config.forwarded_allow_ips) == believed
    assert config.access_log is False
    assert config.server_header is False
    assert isinstance(config.http, type) and issubclass(config.http, HeadWatch) and config.http.head_timeout_s == 7


def test_without_keys_it_answers_under_names_of_this_machine_alone(tmp_path: Path) -> None:
    assert set(THIS_MACHINE) <= set(parts_from(settings(tmp_path)).allowed_hosts)
    add_key(tmp_path)
    assert parts_from(settings(tmp_path)).allowed_hosts == ()
    assert parts_from(settings(tmp_path, allowed_hosts="a.example,b.example")).allowed_hosts == (
        "a.example",
        "b.example",
    )


def test_a_stored_key_or_an_issuer_lets_it_bind_beyond_this_machine(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenBindingError):
        check_guard(settings(tmp_path, host="0.0.0.0"))
    check_guard(settings(tmp_path, host="0.0.0.0", oidc_issuer="https://issuer.example", oidc_audience="a"))
    key = add_key(tmp_path)
    check_guard(settings(tmp_path, host="0.0.0.0"))
    assert parts_from(settings(tmp_path, host="0.0.0.0")).keys.principal(key) is not None
