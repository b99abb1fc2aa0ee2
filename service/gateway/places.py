"""How many things of one kind a tenant may have open at a gateway at once."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pedcontour.errors import AdmissionError

PLACE_RETRY_S = 5.0
"""What a client waits for a place: about as long as a series takes to be sent."""


class Places:
    """So many places for every tenant; for several threads. ``refusal`` is raised where all are taken.

    Kept in memory by each gateway for itself: what is open is this process's connections and memory.
    """

    def __init__(self, most: int, refusal: type[AdmissionError]) -> None:
        self._most = most
        self._refusal = refusal
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, tenant: str) -> Iterator[None]:
        """A place, given back when it is left. Raises the refusal."""
        with self._lock:
            if self._taken[tenant] >= self._most:
                raise self._refusal(f"at most {self._most} at once", retry_after_s=PLACE_RETRY_S)
            self._taken[tenant] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[tenant] -= 1
                if not self._taken[tenant]:
                    del self._taken[tenant]
