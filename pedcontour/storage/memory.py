"""Results in memory: for tests, and for a service that must leave nothing behind."""

import io
import threading
from pathlib import Path
from typing import BinaryIO

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError, StoreError
from pedcontour.storage.port import checked_key


class MemoryResultStore:
    """A ``ResultStore`` that lives as long as its process."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: str, source: Path) -> None:
        """See ``ResultStore.put``."""
        checked_key(key)
        try:
            content = source.read_bytes()
        except OSError as error:
            raise StoreError(f"the file to store cannot be read: {type(error).__name__}") from None
        with self._lock:
            if key in self._objects:
                raise ObjectExistsError(key)
            self._objects[key] = content

    def open(self, key: str) -> BinaryIO:
        """See ``ResultStore.open``."""
        return io.BytesIO(self._content(key))

    def size(self, key: str) -> int:
        """See ``ResultStore.size``."""
        return len(self._content(key))

    def list(self, prefix: str) -> list[str]:
        """See ``ResultStore.list``."""
        folder = checked_key(prefix) + "/"
        with self._lock:
            return sorted(key for key in self._objects if key.startswith(folder))

    def delete(self, prefix: str) -> None:
        """See ``ResultStore.delete``."""
        for key in self.list(prefix):
            with self._lock:
                self._objects.pop(key, None)

    def check(self) -> None:
        """See ``ResultStore.check``: memory is always there."""

    def _content(self, key: str) -> bytes:
        checked_key(key)
        with self._lock:
            if key not in self._objects:
                raise ObjectNotFoundError(key)
            return self._objects[key]
