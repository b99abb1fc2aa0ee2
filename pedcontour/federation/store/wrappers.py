"""Stores around a store: a prefix, patience, a limit on requests."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError, StoreError, StoreOverwritesError
from pedcontour.federation.store.port import SharedStore
from pedcontour.storage.port import checked_key

Answer = TypeVar("Answer")


class Prefixed:
    """The part of a store that lies under a prefix."""

    def __init__(self, store: SharedStore, prefix: str) -> None:
        self._store = store
        self._prefix = checked_key(prefix) + "/"

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        self._store.put(self._prefix + checked_key(key), content)

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        return self._store.get(self._prefix + checked_key(key))

    def list(self, prefix: str) -> list[str]:
        """See ``SharedStore.list``."""
        return [key.removeprefix(self._prefix) for key in self._store.list(self._prefix + checked_key(prefix))]

    def delete(self, key: str) -> None:
        """See ``SharedStore.delete``."""
        self._store.delete(self._prefix + checked_key(key))

    def written_at(self, key: str) -> datetime:
        """See ``SharedStore.written_at``."""
        return self._store.written_at(self._prefix + checked_key(key))


class _Around:
    """A store whose every request goes through ``_run``."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store

    def _run(self, request: Callable[[], Answer]) -> Answer:
        raise NotImplementedError

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        self._run(lambda: self._store.put(key, content))

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        return self._run(lambda: self._store.get(key))

    def list(self, prefix: str) -> list[str]:
        """See ``SharedStore.list``."""
        return self._run(lambda: self._store.list(prefix))

    def delete(self, key: str) -> None:
        """See ``SharedStore.delete``."""
        self._run(lambda: self._store.delete(key))

    def written_at(self, key: str) -> datetime:
        """See ``SharedStore.written_at``."""
        return self._run(lambda: self._store.written_at(key))


class Retried(_Around):
    """A store that is asked again when it fails: ``pauses_s`` are the seconds between one try and the next."""

    def __init__(self, store: SharedStore, pauses_s: tuple[float, ...], sleep: Callable[[float], None]) -> None:
        super().__init__(store)
        self._pauses_s = pauses_s
        self._sleep = sleep

    def _run(self, request: Callable[[], Answer]) -> Answer:
        for pause_s in self._pauses_s:
            try:
                return request()
            except (ObjectExistsError, ObjectNotFoundError, StoreOverwritesError):
                raise  # answers, not failures
            except StoreError:
                self._sleep(pause_s)
        return request()


class Limited(_Around):
    """A store that is asked at most ``per_s`` times a second, evenly: drives lock out who asks too often."""

    def __init__(
        self, store: SharedStore, per_s: float, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        super().__init__(store)
        self._gap_s = 1 / per_s
        self._clock = clock
        self._sleep = sleep
        self._next_s = 0.0

    def _run(self, request: Callable[[], Answer]) -> Answer:
        now_s = self._clock()
        if now_s < self._next_s:
            self._sleep(self._next_s - now_s)
        self._next_s = max(now_s, self._next_s) + self._gap_s
        return request()


class WhenAsked:
    """A store that is opened by the first request; where that fails, the next one tries again."""

    def __init__(self, opening: Callable[[], SharedStore]) -> None:
        self._opening = opening
        self._opened: SharedStore | None = None

    @property
    def _store(self) -> SharedStore:
        if self._opened is None:
            self._opened = self._opening()
        return self._opened

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        self._store.put(key, content)

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        return self._store.get(key)

    def list(self, prefix: str) -> list[str]:
        """See ``SharedStore.list``."""
        return self._store.list(prefix)

    def delete(self, key: str) -> None:
        """See ``SharedStore.delete``."""
        self._store.delete(key)

    def written_at(self, key: str) -> datetime:
        """See ``SharedStore.written_at``."""
        return self._store.written_at(key)
