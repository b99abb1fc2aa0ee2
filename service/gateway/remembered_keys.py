"""The key table as a gateway asks it: the answers are remembered for seconds, also that there is no such key."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import monotonic

from pedcontour.errors import StoreError
from service.apikeys import ApiKey, KeyStore

log = logging.getLogger(__name__)

REVOKED_WITHIN_S = 5.0
"""A gateway asks about a key again after so long: from then on at the latest, a revoked key opens nothing."""

REMEMBERED = 1024
"""So many prefixes are remembered: made-up keys cost no memory, and the same one again no query."""


class RememberedKeys:
    """A ``KeyStore``, seen through a short memory; for several threads."""

    def __init__(self, store: KeyStore, elapsed: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._elapsed = elapsed
        self._known: OrderedDict[str, tuple[float, ApiKey | None]] = OrderedDict()
        self._has_any = False
        self._asked_at = float("-inf")
        self._lock = threading.Lock()

    def find(self, prefix: str) -> ApiKey | None:
        """See ``KeyStore.find``."""
        now = self._elapsed()
        with self._lock:
            asked_at, key = self._known.get(prefix, (float("-inf"), None))
        if now - asked_at < REVOKED_WITHIN_S:
            return key
        key = self._store.find(prefix)
        self._remember(prefix, now, key)
        return key

    def has_any(self) -> bool:
        """See ``KeyStore.has_any``. Keys are never removed, so a yes holds for good."""
        now = self._elapsed()
        if not self._has_any and now - self._asked_at >= REVOKED_WITHIN_S:
            self._has_any = self._store.has_any()
            self._asked_at = now
        return self._has_any

    def next_expiry(self, now: datetime) -> datetime | None:
        """When the first of the live keys expires; asked anew each time."""
        live = (key.expires_at for key in self._store.every() if key.state(now) == "live")
        return min((expires_at for expires_at in live if expires_at is not None), default=None)

    def note_use(self, key: ApiKey, at: datetime) -> None:
        """See ``KeyStore.note_use``. Nobody is refused because it could not be noted."""
        with self._lock:
            asked_at, known = self._known.get(key.prefix, (self._elapsed(), None))
        if known == key:
            self._remember(key.prefix, asked_at, replace(key, last_used_at=at))
        try:
            self._store.note_use(key.prefix, at)
        except StoreError as error:
            log.warning("use of a key not noted: %s", error.code)

    def _remember(self, prefix: str, asked_at: float, key: ApiKey | None) -> None:
        with self._lock:
            self._known[prefix] = (asked_at, key)
            self._known.move_to_end(prefix)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
