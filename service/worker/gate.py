"""The gate of the network: of a worker's lanes one at a time runs it, the others read, write or wait."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

Admit = Callable[[], None]
"""Tells a lane that it may pass. Called once, from whichever thread opens the gate; it must be quick and not raise."""


@dataclass
class Gate:
    """Lets one lane through at a time: urgent jobs first, then in order of arrival."""

    _waiting: dict[Hashable, tuple[bool, Admit]] = field(default_factory=dict)
    _inside: Hashable | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, lane: Hashable, admit: Admit, *, urgent: bool = False) -> None:
        """Queue up; ``admit`` is called as soon as it is the lane's turn, perhaps before this returns."""
        with self._lock:
            self._waiting[lane] = (not urgent, admit)
            self._let_next_in()

    def leave(self, lane: Hashable) -> None:
        """Leave the network, or the queue before it; a lane that is at neither changes nothing."""
        with self._lock:
            self._waiting.pop(lane, None)
            if self._inside == lane:
                self._inside = None
            self._let_next_in()

    def holds_back(self, lane: Hashable) -> bool:
        """Whether the lane waits for its turn."""
        return lane in self._waiting

    def _let_next_in(self) -> None:
        if self._inside is not None or not self._waiting:
            return
        self._inside = min(self._waiting, key=lambda lane: self._waiting[lane][0])  # the first of the smallest
        _, admit = self._waiting.pop(self._inside)
        admit()
