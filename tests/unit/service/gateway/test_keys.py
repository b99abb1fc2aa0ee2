"""The keys of the settings and of the key table, as a running gateway sees them."""

from datetime import UTC, datetime, timedelta

import pytest

from pedcontour.errors import ForbiddenBindingError, JobTableError
from service.apikeys import ApiKey, KeyRequest, MemoryKeyStore, Scope, make_key
from service.gateway.keys import KeyRing, check_binding
from service.gateway.remembered_keys import REMEMBERED, REVOKED_WITHIN_S, RememberedKeys
from tests.unit.service.gateway.conftest import KEY, OTHER_KEY

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Watched(MemoryKeyStore):
    """A store that counts what it is asked, and may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.uses = 0
        self.is_away = False

    def find(self, prefix: str) -> ApiKey | None:
        self.asked += 1
        if self.is_away:
            raise JobTableError
        return super().find(prefix)

    def note_use(self, prefix: str, at: datetime) -> None:
        self.uses += 1
        if self.is_away:
            raise JobTableError
        super().note_use(prefix, at)


class Desk:
    """A key ring over a store, with clocks to move."""

    def __init__(self) -> None:
        self.store = Watched()
        self.now, self.seconds = NOW, 0.0
        self.ring = KeyRing((), RememberedKeys(self.store, lambda: self.seconds), lambda: self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds

    def make(self, **request: object) -> tuple[str, ApiKey]:
        key, kept = make_key(KeyRequest(**{"tenant": "radiotherapy"} | request), NOW)  # type: ignore[arg-type]
        self.store.add(kept)
        return key, kept


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_stored_key_is_its_tenant_with_its_scopes_and_shows_its_prefix_only(desk: Desk) -> None:
    key, kept = desk.make(scopes=frozenset({Scope.JOBS_READ}))
    principal = desk.ring.principal(key)
    assert principal is not None
    assert (principal.tenant, principal.name) == ("radiotherapy", f"key:{kept.prefix}")
    assert principal.scopes == {Scope.JOBS_READ}


def test_two_live_keys_of_one_tenant_are_one_owner(desk: Desk) -> None:
    first, second = (desk.ring.principal(desk.make()[0]) for _ in range(2))
    assert first is not None and second is not None
    assert first.tenant == second.tenant and first.name != second.name


def test_a_wrong_secret_with_a_known_prefix_opens_nothing(desk: Desk) -> None:
    key, _ = desk.make()
    assert desk.ring.principal(key[:-43] + "A" * 43) is None


def test_an_expired_key_opens_nothing_at_once(desk: Desk) -> None:
    key, _ = desk.make(valid_for=timedelta(seconds=2))
    assert desk.ring.principal(key) is not None
    desk.pass_time(2)
    assert desk.ring.principal(key) is None


def test_a_revoked_key_opens_nothing_after_seconds(desk: Desk) -> None:
    key, kept = desk.make()
    assert desk.ring.principal(key) is not None
    desk.store.revoke(kept.prefix, NOW)
    desk.pass_time(REVOKED_WITHIN_S)
    assert desk.ring.principal(key) is None


def test_the_table_is_asked_once_in_seconds_also_about_made_up_keys(desk: Desk) -> None:
    key, _ = desk.make()
    made_up = make_key(KeyRequest("x"), NOW)[0]
    for _ in range(50):
        assert desk.ring.principal(key) is not None
        assert desk.ring.principal(made_up) is None
    assert desk.store.asked == 2


def test_made_up_keys_do_not_fill_the_memory(desk: Desk) -> None:
    remembered = RememberedKeys(desk.store, lambda: 0.0)
    for n in range(REMEMBERED + 10):
        remembered.find(f"{n:08}")
    desk.store.asked = 0
    remembered.find(f"{REMEMBERED + 9:08}")
    remembered.find("00000000")
    assert desk.store.asked == 1


def test_the_last_use_is_noted_once_an_hour(desk: Desk) -> None:
    key, kept = desk.make()
    for _ in range(10):
        desk.ring.principal(key)
        desk.pass_time(60)
    assert desk.store.uses == 1
    desk.pass_time(3600)
    desk.ring.principal(key)
    found = desk.store.find(kept.prefix)
    assert found is not None
    assert (desk.store.uses, found.last_used_at) == (2, desk.now)


def test_a_table_that_is_away_refuses_stored_keys_and_not_those_of_the_settings(desk: Desk) -> None:
    key, _ = desk.make()
    desk.store.is_away = True
    ring = KeyRing([KEY], RememberedKeys(desk.store))
    assert ring.principal(KEY) is not None
    with pytest.raises(JobTableError):
        ring.principal(key)


def test_keys_of_the_settings_are_tenants_of_their_own_with_every_scope() -> None:
    ring = KeyRing([KEY, OTHER_KEY])
    mine, theirs = ring.principal(KEY), ring.principal(OTHER_KEY)
    assert mine is not None and theirs is not None
    assert mine.tenant != theirs.tenant
    assert mine.scopes == frozenset(Scope)
    assert KEY not in mine.tenant + mine.name
    assert ring.principal(KEY[:-1]) is None and ring.principal("") is None


def test_the_next_expiry_is_that_of_a_live_key(desk: Desk) -> None:
    assert desk.ring.next_expiry() is None
    desk.make(valid_for=timedelta(days=30))
    _, revoked = desk.make(valid_for=timedelta(days=1))
    desk.store.revoke(revoked.prefix, NOW)
    assert desk.ring.next_expiry() == NOW + timedelta(days=30)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_without_keys_no_address_beyond_this_machine_is_bound(host: str) -> None:
    with pytest.raises(ForbiddenBindingError):
        check_binding(host, lambda: False)
    check_binding(host, lambda: True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_itself_needs_no_key(host: str) -> None:
    check_binding(host, lambda: False)
