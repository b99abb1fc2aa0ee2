"""Who may ask: API keys, and the tenant that each stands for."""

import hashlib
import hmac
from collections.abc import Iterable
from ipaddress import ip_address

from pedcontour.errors import ForbiddenBindingError, UnauthorizedError

NOBODY = ""
"""The one tenant of a service without keys."""


class KeyRing:
    """The valid keys. They are kept as digests only, and compared without telling how much of one was right."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._digests = tuple(_digest(key) for key in keys)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def tenant(self, key: str | None) -> str:
        """Whose key this is: a name that tells nothing of the key. Without any keys everybody is one tenant.

        Raises ``UnauthorizedError`` for a missing or wrong key.
        """
        if not self._digests:
            return NOBODY
        given = _digest(key or "")
        matches = [hmac.compare_digest(given, known) for known in self._digests]
        if not any(matches):
            raise UnauthorizedError
        return given[:32]


def check_binding(host: str, keys: KeyRing) -> None:
    """Refuse to listen beyond this machine without keys. Raises ``ForbiddenBindingError``."""
    if not keys and not _is_loopback(host):
        raise ForbiddenBindingError(f"asked to bind to {host}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _digest(key: str) -> str:
    return hashlib.sha256(b"pedcontour-key\0" + key.encode()).hexdigest()
