"""A shared store in memory: for tests, and for sites that are threads of one process."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError
from pedcontour.storage.port import checked_key


class MemorySharedStore:
    """A ``SharedStore`` that lives as long as its process; ``now`` is its clock."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()
        self._now = now

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        checked_key(key)
        with self._lock:
            if key in self._objects:
                raise ObjectExistsError(key)
            self._objects[key] = (bytes(content), self._now())

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        return self._found(key)[0]

    def list(self, prefix: str) -> list[str]:
        """See ``SharedStore.list``."""
        folder = checked_key(prefix) + "/"
        with self._lock:
            return sorted(key for key in self._objects if key.startswith(folder))

    def delete(self, key: str) -> None:
        """See ``SharedStore.delete``."""
        checked_key(key)
        with self._lock:
            self._objects.pop(key, None)

    def written_at(self, key: str) -> datetime:
        """See ``SharedStore.written_at``."""
        return self._found(key)[1]

    def _found(self, key: str) -> tuple[bytes, datetime]:
        checked_key(key)
        with self._lock:
            if key not in self._objects:
                raise ObjectNotFoundError(key)
            return self._objects[key]
