"""Stores that fail in the ways that stores between hospitals fail; each lies around a store that does not."""

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from pedcontour.errors import StoreError
from pedcontour.federation.store import SharedStore

Answer = TypeVar("Answer")


class Around:
    """A store whose requests each go through ``ask``, which a fault replaces."""

    def __init__(self, store: SharedStore) -> None:
        self.store = store
        self.faults = 0
        self._lock = threading.Lock()

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """Ask the store within."""
        return request()

    def struck(self) -> None:
        """Count a fault."""
        with self._lock:
            self.faults += 1

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        self.ask(lambda: self.store.put(key, content))

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        return self.ask(lambda: self.store.get(key))

    def list(self, prefix: str) -> list[str]:
        """See ``SharedStore.list``."""
        return self.ask(lambda: self.store.list(prefix))

    def delete(self, key: str) -> None:
        """See ``SharedStore.delete``."""
        self.ask(lambda: self.store.delete(key))

    def written_at(self, key: str) -> datetime:
        """See ``SharedStore.written_at``."""
        return self.ask(lambda: self.store.written_at(key))


class Unreachable(Around):
    """Does not answer for stretches of 5 to 30 requests, after 10 to 40 that it answered."""

    def __init__(self, store: SharedStore, seed: int) -> None:
        super().__init__(store)
        self._chance = random.Random(seed)
        self._left, self._out = 10, False

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """Fail while out."""
        self._left -= 1
        if self._left <= 0:
            self._out = not self._out
            self._left = self._chance.randint(5, 30) if self._out else self._chance.randint(10, 40)
            self.faults += self._out
        if self._out:
            raise StoreError("unreachable")
        return request()


class Slow(Around):
    """Takes 20 to 200 ms for a request."""

    def __init__(self, store: SharedStore, seed: int) -> None:
        super().__init__(store)
        self._chance = random.Random(seed)

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """Wait, then ask."""
        self.struck()
        time.sleep(self._chance.uniform(0.02, 0.2))
        return request()


class LostAnswers(Around):
    """Does what one request in four asks, and fails to say so."""

    def __init__(self, store: SharedStore, seed: int) -> None:
        super().__init__(store)
        self._chance = random.Random(seed)

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """Ask, and lose the answer now and then."""
        answer = request()
        if self._chance.random() < 0.25:
            self.struck()
            raise StoreError("no answer")
        return answer


class CutUploads(Around):
    """Cuts one upload in three: nothing of it is to be seen, or, when ``visible``, its first half for one look."""

    def __init__(self, store: SharedStore, seed: int, *, visible: bool = False) -> None:
        super().__init__(store)
        self._chance = random.Random(seed)
        self._visible = visible
        self._halves: dict[str, bytes] = {}

    def put(self, key: str, content: bytes) -> None:
        """Put, or cut off."""
        if self._chance.random() < 1 / 3:
            self.struck()
            if not self._visible:
                raise StoreError("cut off")
            self._halves[key] = content[: len(content) // 2]
        super().put(key, content)

    def get(self, key: str) -> bytes:
        """The first half once, then the whole."""
        half = self._halves.pop(key, None)
        return super().get(key) if half is None else half


class SkewedClock(Around):
    """Objects carry the time of the clock of whoever wrote them, as on a drive that keeps files' own times."""

    def __init__(self, store: SharedStore, offsets: dict[str, timedelta]) -> None:
        super().__init__(store)
        self._offsets = offsets

    def written_at(self, key: str) -> datetime:
        """The writer's time."""
        written = super().written_at(key)
        self.struck()
        return next((written + off for site, off in self._offsets.items() if f"sites/{site}/" in key), written)


class Dead(BaseException):
    """A process that dies in the middle of a request; nothing catches it on the way, as nothing catches kill -9."""


class Deadly(Around):
    """Dies at one request, before or after the store did it."""

    def __init__(self, store: SharedStore, at: int, *, after: bool) -> None:
        super().__init__(store)
        self._at, self._after = at, after
        self.asked = 0

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """Count, and die at the one."""
        self.asked += 1
        if self.asked == self._at and not self._after:
            raise Dead
        answer = request()
        if self.asked == self._at:
            raise Dead
        return answer
