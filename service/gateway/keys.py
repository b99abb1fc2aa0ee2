"""API keys as the gateway knows them: those of the settings, and those of the key table."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import datetime
from ipaddress import ip_address

from pedcontour.errors import ForbiddenBindingError
from service.apikeys import Scope, prefix_of
from service.gateway.principals import Principal
from service.gateway.remembered_keys import RememberedKeys
from service.jobstore import Clock, utc_now


class KeyRing:
    """The keys that are valid here. Those of the settings are kept as digests only.

    Each key of the settings has every scope and is a tenant of its own, named by its digest. ``stored`` is the key
    table.
    """

    def __init__(self, keys: Iterable[str] = (), stored: RememberedKeys | None = None, clock: Clock = utc_now) -> None:
        self._digests = tuple(_digest(key) for key in keys)
        self._stored = stored
        self._clock = clock

    def has_any(self) -> bool:
        """Whether any key was ever made; a revoked or expired one counts. Raises ``JobTableError``."""
        return bool(self._digests) or (self._stored is not None and self._stored.has_any())

    def principal(self, key: str) -> Principal | None:
        """Whose key this is; None for one that is wrong, expired or revoked. Raises ``JobTableError``."""
        if self._stored is not None and (prefix := prefix_of(key)):
            return self._of_table(key, prefix, self._stored)
        given = _digest(key)
        matches = [hmac.compare_digest(given, known) for known in self._digests]
        if not any(matches):
            return None
        return Principal(tenant=given[:32], name=f"configured:{given[:8]}", scopes=frozenset(Scope))

    def next_expiry(self) -> datetime | None:
        """When the first of the live keys expires. Raises ``JobTableError``."""
        return None if self._stored is None else self._stored.next_expiry(self._clock())

    def _of_table(self, key: str, prefix: str, stored: RememberedKeys) -> Principal | None:
        known, now = stored.find(prefix), self._clock()
        if known is None or not known.is_of(key) or known.state(now) != "live":
            return None
        if known.use_is_noteworthy(now):
            stored.note_use(known, now)
        return Principal(known.tenant, f"key:{prefix}", known.scopes)


def check_binding(host: str, is_guarded: Callable[[], bool]) -> None:
    """Refuse to listen beyond this machine without a key or an issuer of tokens. Raises ``ForbiddenBindingError``."""
    if not is_loopback(host) and not is_guarded():
        raise ForbiddenBindingError(f"asked to bind to {host}")


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _digest(key: str) -> str:
    return hashlib.sha256(b"pedcontour-key\0" + key.encode()).hexdigest()
