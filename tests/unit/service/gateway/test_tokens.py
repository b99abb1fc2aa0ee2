"""Bearer tokens of a real issuer on this machine: which are taken, which are not, and what happens when it is away."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pedcontour.errors import IssuerUnreachableError, RequestError, TokenInvalidError
from pedcontour.settings import Settings
from service.apikeys import Scope
from service.gateway.issuer_keys import FETCH_EVERY_S, FRESH_S, STALE_S, IssuerKeys
from service.gateway.start import tokens_from
from service.gateway.tokens import IssuedTokens, TokenRules
from tests.unit.service.gateway.conftest import KEY, make_gateway
from tests.unit.service.gateway.issuer import AUDIENCE, Issuer, issuing


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(document: dict[str, str]) -> str:
    return _text(json.dumps(document).encode())


@pytest.fixture(scope="module")
def shared_issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def issuer(shared_issuer: Issuer) -> Issuer:
    shared_issuer.asked, shared_issuer.is_away = 0, False
    return shared_issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(issuer: Issuer, clock: Clock) -> IssuedTokens:
    return IssuedTokens(TokenRules(issuer.url, AUDIENCE), IssuerKeys(issuer.url, elapsed=clock))


@pytest.mark.parametrize("key_id", ["rsa-1", "ec-1"])
def test_a_token_is_its_tenant_with_the_scopes_that_are_ours(issuer: Issuer, tokens: IssuedTokens, key_id: str) -> None:
    principal = tokens.principal(issuer.token(key_id))
    assert (principal.tenant, principal.scopes) == ("radiotherapy", {Scope.JOBS_READ, Scope.MODELS_READ})
    assert principal.name.startswith("token:") and "somebody" not in principal.name


def test_scopes_may_be_a_list_and_none_are_none(issuer: Issuer, tokens: IssuedTokens) -> None:
    assert tokens.principal(issuer.token(scope=["jobs:write", 7])).scopes == {Scope.JOBS_WRITE}
    assert tokens.principal(issuer.token(scope=None)).scopes == frozenset()


NOW = int(time.time())


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-service"},
        {"aud": None},
        {"iss": "https://issuer.example"},
        {"iss": None},
        {"exp": NOW - 3600},
        {"exp": None},
        {"nbf": NOW + 3600},
        {"sub": None},
        {"tenant": None},
        {"tenant": ""},
        {"tenant": "Family^Given"},
        {"tenant": ["radiotherapy"]},
        {"alg": "RS512"},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_or_not_now_is_refused(
    issuer: Issuer, tokens: IssuedTokens, changes: dict[str, object]
) -> None:
    with pytest.raises(TokenInvalidError):
        tokens.principal(issuer.token(**changes))  # type: ignore[arg-type]


def test_clocks_may_differ_by_the_leeway(issuer: Issuer, tokens: IssuedTokens) -> None:
    assert tokens.principal(issuer.token(exp=int(time.time()) - 20)).tenant == "radiotherapy"


def test_a_token_of_another_key_under_a_known_name_is_refused(issuer: Issuer, tokens: IssuedTokens) -> None:
    forged = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(TokenInvalidError):
        tokens.principal(issuer.token(key=forged))


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(issuer: Issuer, tokens: IssuedTokens) -> None:
    public = issuer.rsa.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _, claims, _ = issuer.token().split(".")
    signed = f"{_part({'alg': 'HS256', 'kid': 'rsa-1'})}.{claims}"
    signature = _text(hmac.digest(public, signed.encode(), "sha256"))
    with pytest.raises(TokenInvalidError):
        tokens.principal(f"{signed}.{signature}")


def test_an_unsigned_token_is_refused(issuer: Issuer, tokens: IssuedTokens) -> None:
    _, claims, _ = issuer.token().split(".")
    for signature in ("", "x"):
        with pytest.raises(TokenInvalidError):
            tokens.principal(f"{_part({'alg': 'none', 'kid': 'rsa-1'})}.{claims}.{signature}")


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "é.é.é", "x" * 20_000, "[" * 5000 + ".a.b"])
def test_what_is_no_token_is_refused(tokens: IssuedTokens, text: str) -> None:
    with pytest.raises(TokenInvalidError):
        tokens.principal(text)


def test_a_shared_secret_cannot_be_set_as_an_algorithm() -> None:
    for algorithm in ("HS256", "none"):
        with pytest.raises(RequestError, match="PEDCONTOUR_OIDC_ALGORITHMS"):
            Settings.read(oidc_algorithms=algorithm)


def test_an_issuer_needs_an_audience_and_a_safe_line() -> None:
    with pytest.raises(RequestError, match="PEDCONTOUR_OIDC_AUDIENCE"):
        Settings.read(oidc_issuer="https://issuer.example")
    with pytest.raises(RequestError, match="https"):
        Settings.read(oidc_issuer="http://issuer.example", oidc_audience="a")
    assert tokens_from(Settings.read(oidc_issuer="https://issuer.example", oidc_audience="a")) is not None
    assert tokens_from(Settings.read()) is None


def test_unknown_keys_make_one_question_a_minute(issuer: Issuer, tokens: IssuedTokens, clock: Clock) -> None:
    tokens.principal(issuer.token())
    for n in range(20):
        with pytest.raises(TokenInvalidError):
            tokens.principal(issuer.token(f"rsa-unknown-{n}", key=issuer.rsa))
    assert issuer.asked == 1
    clock.seconds += FETCH_EVERY_S
    with pytest.raises(TokenInvalidError):
        tokens.principal(issuer.token("rsa-unknown", key=issuer.rsa))
    assert issuer.asked == 2


def test_a_new_key_of_the_issuer_is_taken_within_a_minute_and_a_withdrawn_one_refused(
    issuer: Issuer, tokens: IssuedTokens, clock: Clock
) -> None:
    tokens.principal(issuer.token())
    old = issuer.token()
    fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    before = dict(issuer.key_ids)
    issuer.key_ids = {"rsa-2": fresh}
    try:
        clock.seconds += FETCH_EVERY_S
        assert tokens.principal(issuer.token("rsa-2")).tenant == "radiotherapy"
        with pytest.raises(TokenInvalidError):
            tokens.principal(old)
    finally:
        issuer.key_ids = before


def test_while_the_issuer_is_away_its_last_keys_are_trusted_for_a_day(
    issuer: Issuer, tokens: IssuedTokens, clock: Clock
) -> None:
    token = issuer.token()
    tokens.principal(token)
    issuer.is_away = True
    clock.seconds += FRESH_S
    assert tokens.principal(token).tenant == "radiotherapy"
    clock.seconds += STALE_S
    with pytest.raises(IssuerUnreachableError):
        tokens.principal(token)


def test_an_issuer_that_is_away_takes_no_api_key_down(issuer: Issuer, tmp_path: Path, models: None) -> None:
    issuer.is_away = True
    tokens = IssuedTokens(TokenRules(issuer.url, AUDIENCE), IssuerKeys(issuer.url))
    http = make_gateway(tmp_path, KEY, tokens=tokens).http
    answer = http.get("/v1/models", headers={"Authorization": f"Bearer {issuer.token()}"})
    assert (answer.status_code, answer.json()["code"]) == (503, "ISSUER_UNREACHABLE")
    assert http.get("/v1/models", headers={"X-API-Key": KEY}).status_code == 200


def test_the_gateway_lets_tokens_in_by_their_scopes(issuer: Issuer, tmp_path: Path, models: None) -> None:
    tokens = IssuedTokens(TokenRules(issuer.url, AUDIENCE), IssuerKeys(issuer.url))
    http = make_gateway(tmp_path, tokens=tokens).http

    def call(method: str, path: str, token: str) -> int:
        answer = http.request(method, path, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code

    assert call("GET", "/v1/models", issuer.token()) == 200
    assert call("POST", "/v1/jobs", issuer.token()) == 403
    refused = http.get("/v1/models", headers={"Authorization": f"Bearer {issuer.token(aud='another')}"})
    assert (refused.status_code, refused.json()["code"]) == (401, "TOKEN_INVALID")
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert http.get("/v1/models").status_code == 401


def test_a_small_key_of_an_issuer_is_not_trusted(issuer: Issuer, tokens: IssuedTokens) -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    before = dict(issuer.key_ids)
    issuer.key_ids = {"rsa-small": small}
    try:
        with pytest.raises(TokenInvalidError):
            tokens.principal(issuer.token("rsa-small"))
    finally:
        issuer.key_ids = before
