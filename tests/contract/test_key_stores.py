"""What every key store promises."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.apikeys import ApiKey, KeyRequest, KeyStore, MemoryKeyStore, Scope, make_key
from service.keytable import open_key_table

START = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=("memory", "sqlite", "postgres"))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> KeyStore:
    if request.param == "memory":
        return MemoryKeyStore()
    if request.param == "postgres":
        return open_key_table(request.getfixturevalue("postgres_url"))
    return open_key_table(f"sqlite:///{tmp_path / 'data' / 'jobs.sqlite'}")


def a_key(tenant: str = "radiotherapy", at: datetime = START) -> ApiKey:
    request = KeyRequest(tenant, frozenset({Scope.JOBS_READ, Scope.MODELS_READ}), "planning", timedelta(days=30))
    return make_key(request, at)[1]


def test_a_key_is_kept_as_it_was_made(store: KeyStore) -> None:
    key = a_key()
    store.add(key)
    assert store.find(key.prefix) == key
    assert store.find("nobody00") is None


def test_an_empty_store_has_no_key_and_one_with_a_revoked_key_has(store: KeyStore) -> None:
    assert not store.has_any()
    key = a_key()
    store.add(key)
    store.revoke(key.prefix, START)
    assert store.has_any()


def test_keys_are_listed_in_the_order_of_their_making(store: KeyStore) -> None:
    keys = [a_key(f"t{n}", START + timedelta(seconds=-n)) for n in range(4)]
    for key in keys:
        store.add(key)
    assert store.every() == keys[::-1]


def test_a_revoked_key_stays_and_says_when(store: KeyStore) -> None:
    key, other = a_key(), a_key()
    store.add(key)
    store.add(other)
    revoked = store.revoke(key.prefix, START + timedelta(days=1))
    assert revoked is not None
    assert (revoked.state(START), revoked.revoked_at) == ("revoked", START + timedelta(days=1))
    assert store.find(key.prefix) == revoked
    assert store.find(other.prefix) == other


def test_a_key_is_revoked_once(store: KeyStore) -> None:
    key = a_key()
    store.add(key)
    first = store.revoke(key.prefix, START)
    assert store.revoke(key.prefix, START + timedelta(days=1)) == first
    assert store.revoke("nobody00", START) is None


def test_the_last_use_is_noted(store: KeyStore) -> None:
    key = a_key()
    store.add(key)
    store.note_use(key.prefix, START + timedelta(hours=2))
    store.note_use("nobody00", START)
    found = store.find(key.prefix)
    assert found is not None
    assert found.last_used_at == START + timedelta(hours=2)
