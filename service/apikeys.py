"""API keys: what one is, what it may do, and the port of the table that keeps them.

A key is 256 random bits with a public prefix, ``pc_<prefix>_<secret>``. The table holds its SHA-256 and never the key.
No slow hash is needed: those slow down the guessing of passwords, which people choose. 256 random bits cannot be
guessed at any speed, and a slow hash would cost every request, most of all those with wrong keys sent on purpose.

A tenant is a name. All keys of one tenant see the same jobs, so a key is rotated by making the next one first.
"""

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from pedcontour.errors import RequestError


class Scope(StrEnum):
    """What a caller may do. Nothing over HTTP administers the service, so there is no scope for it."""

    JOBS_WRITE = "jobs:write"
    JOBS_READ = "jobs:read"
    JOBS_ERASE = "jobs:erase"
    MODELS_READ = "models:read"
    METRICS_READ = "metrics:read"


PLANNING_SYSTEM = frozenset({Scope.JOBS_WRITE, Scope.JOBS_READ, Scope.JOBS_ERASE, Scope.MODELS_READ})
"""What a key gets unless it is told otherwise: all that somebody who sends series needs."""

TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a tenant's name is made of: it stands in tables and logs."""

USE_NOTED_EVERY = timedelta(hours=1)
"""A key's last use is written down at most so often: who asks about it thinks in days, and a request need not wait."""

_PREFIX_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_KEY = re.compile(r"pc_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class ApiKey:
    """A key as the table keeps it: all but the key itself. ``expires_at`` None is a key without an end."""

    prefix: str
    digest: str
    tenant: str
    scopes: frozenset[Scope]
    created_at: datetime
    label: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """``live``, ``revoked`` or ``expired``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "live"

    def is_of(self, key: str) -> bool:
        """Whether ``key`` is this one, compared without telling how much of it was right."""
        return hmac.compare_digest(_digest(key), self.digest)

    def use_is_noteworthy(self, now: datetime) -> bool:
        """Whether the last use that is noted is long ago."""
        return self.last_used_at is None or now - self.last_used_at >= USE_NOTED_EVERY


@dataclass(frozen=True)
class KeyRequest:
    """A key to be made. Raises ``RequestError`` when its tenant or label cannot be one, or it has no scope."""

    tenant: str
    scopes: frozenset[Scope] = PLANNING_SYSTEM
    label: str = ""
    valid_for: timedelta | None = None

    def __post_init__(self) -> None:
        if not TENANT.fullmatch(self.tenant):
            raise RequestError("a tenant is 1 to 64 letters, digits, dots, dashes or underscores")
        if len(self.label) > 64 or not self.label.isprintable():
            raise RequestError("a label has at most 64 printable characters")
        if not self.scopes:
            raise RequestError("a key without a scope may do nothing")
        if self.valid_for is not None and self.valid_for <= timedelta(0):
            raise RequestError("a key expires in the future")


def scopes_named(names: Sequence[str]) -> frozenset[Scope]:
    """Scopes by name. Raises ``RequestError`` that lists them all."""
    known = {scope.value: scope for scope in Scope}
    for name in names:
        if name not in known:
            raise RequestError(f"there is no scope {name[:32]!r}; the scopes are {', '.join(known)}")
    return frozenset(known[name] for name in names)


def make_key(request: KeyRequest, now: datetime) -> tuple[str, ApiKey]:
    """A new key, which nobody can tell again, and what is kept of it."""
    prefix = "".join(secrets.choice(_PREFIX_CHARACTERS) for _ in range(8))
    key = f"pc_{prefix}_{secrets.token_urlsafe(32)}"
    kept = ApiKey(
        prefix=prefix,
        digest=_digest(key),
        tenant=request.tenant,
        scopes=request.scopes,
        created_at=now,
        label=request.label,
        expires_at=None if request.valid_for is None else now + request.valid_for,
    )
    return key, kept


def prefix_of(key: str) -> str | None:
    """The public part of a key, or None where this is none of ours."""
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def _digest(key: str) -> str:
    return hashlib.sha256(b"pedcontour-key\0" + key.encode()).hexdigest()


class KeyStore(Protocol):
    """Keeps keys; revoked and expired ones stay. Every method raises ``JobTableError`` when the store itself fails."""

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...

    def find(self, prefix: str) -> ApiKey | None:
        """A key by its prefix, whatever its state."""
        ...

    def every(self) -> list[ApiKey]:
        """All keys, the oldest first."""
        ...

    def has_any(self) -> bool:
        """Whether any key was ever made."""
        ...

    def revoke(self, prefix: str, at: datetime) -> ApiKey | None:
        """End a key, and return it as it then is; one that was revoked before stays as it is. None: there is none."""
        ...

    def note_use(self, prefix: str, at: datetime) -> None:
        """Note when a key was last used."""
        ...


class MemoryKeyStore:
    """A ``KeyStore`` that lives as long as its process."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self._lock = threading.Lock()

    def add(self, key: ApiKey) -> None:
        """See ``KeyStore.add``."""
        with self._lock:
            self._keys[key.prefix] = key

    def find(self, prefix: str) -> ApiKey | None:
        """See ``KeyStore.find``."""
        with self._lock:
            return self._keys.get(prefix)

    def every(self) -> list[ApiKey]:
        """See ``KeyStore.every``."""
        with self._lock:
            return sorted(self._keys.values(), key=lambda key: (key.created_at, key.prefix))

    def has_any(self) -> bool:
        """See ``KeyStore.has_any``."""
        return bool(self._keys)

    def revoke(self, prefix: str, at: datetime) -> ApiKey | None:
        """See ``KeyStore.revoke``."""
        with self._lock:
            key = self._keys.get(prefix)
            if key is not None and key.revoked_at is None:
                self._keys[prefix] = key = replace(key, revoked_at=at)
            return key

    def note_use(self, prefix: str, at: datetime) -> None:
        """See ``KeyStore.note_use``."""
        with self._lock:
            if prefix in self._keys:
                self._keys[prefix] = replace(self._keys[prefix], last_used_at=at)
