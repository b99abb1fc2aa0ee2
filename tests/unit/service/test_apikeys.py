"""What a key is made of, and what it may not be."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from pedcontour.errors import RequestError
from service.apikeys import PLANNING_SYSTEM, KeyRequest, Scope, make_key, prefix_of, scopes_named

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_key_shows_its_prefix_and_is_kept_as_a_digest_only() -> None:
    key, kept = make_key(KeyRequest("radiotherapy"), NOW)
    assert re.fullmatch(r"pc_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", key)
    assert prefix_of(key) == kept.prefix
    assert key.rpartition("_")[2] not in str(kept) and key not in str(kept)
    assert kept.is_of(key)


def test_no_two_keys_are_alike() -> None:
    assert len({make_key(KeyRequest("t"), NOW)[0] for _ in range(200)}) == 200


@pytest.mark.parametrize("change", [lambda key: key[:-1], lambda key: key + "A", lambda key: key.swapcase()])
def test_a_changed_key_is_none(change: object) -> None:
    key, kept = make_key(KeyRequest("t"), NOW)
    assert not kept.is_of(change(key))  # type: ignore[operator]


@pytest.mark.parametrize("text", ["", "pc_", "pc_abcdefgh_short", "PC_abcdefgh_" + "A" * 43, "first-key-0123456789"])
def test_what_is_no_key_of_ours_has_no_prefix(text: str) -> None:
    assert prefix_of(text) is None


def test_a_key_ends_when_it_was_said_to() -> None:
    kept = make_key(KeyRequest("t", valid_for=timedelta(days=1)), NOW)[1]
    assert kept.state(NOW + timedelta(hours=23)) == "live"
    assert kept.state(NOW + timedelta(days=1)) == "expired"
    assert make_key(KeyRequest("t"), NOW)[1].state(NOW + timedelta(days=36500)) == "live"


@pytest.mark.parametrize("tenant", ["", "a b", "a/b", "Family^Given", "x" * 65, "-a", "a\n"])
def test_a_tenant_is_a_plain_name(tenant: str) -> None:
    with pytest.raises(RequestError, match="tenant"):
        KeyRequest(tenant)


def test_a_key_without_scope_or_future_is_refused() -> None:
    with pytest.raises(RequestError, match="scope"):
        KeyRequest("t", frozenset())
    with pytest.raises(RequestError, match="future"):
        KeyRequest("t", valid_for=timedelta(0))
    with pytest.raises(RequestError, match="label"):
        KeyRequest("t", label="a\nb")


def test_scopes_have_names_and_unknown_ones_are_told() -> None:
    assert scopes_named(["jobs:read"]) == {Scope.JOBS_READ}
    with pytest.raises(RequestError, match="jobs:write, jobs:read"):
        scopes_named(["jobs:everything"])


def test_a_planning_system_does_not_read_the_figures_unasked() -> None:
    assert Scope.METRICS_READ not in PLANNING_SYSTEM
