"""The gate of the network: of a worker's lanes one at a time runs it, the others read, write or wait."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Passage:
    """What a lane asks for: to run the network of a job, which then needs ``needs_bytes`` more than the lane holds.

    ``admit`` tells the lane that it may pass. It is called once, from whichever thread opens the gate, and must be
    quick and not raise. ``alone``: not beside a job that is judged or written, however much memory there is.
    """

    admit: Callable[[], None]
    urgent: bool = False
    needs_bytes: int = 0
    alone: bool = False


def _not_known() -> int | None:
    return None


@dataclass
class Gate:
    """Lets one lane through at a time: urgent jobs first, then in order of arrival.

    ``room_bytes`` tells the memory that is left beside all lanes, None where that is not known. Where it is too little,
    the next lane waits for those that are past the network: they hold a job's images and results, and end by
    themselves. It does not wait for lanes that read or wait: those may need the network first.
    """

    room_bytes: Callable[[], int | None] = _not_known
    _waiting: dict[Hashable, Passage] = field(default_factory=dict)
    _inside: Hashable | None = None
    _past: set[Hashable] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, lane: Hashable, passage: Passage) -> None:
        """Queue up; the lane is admitted as soon as it is its turn, perhaps before this returns."""
        with self._lock:
            self._waiting[lane] = passage
            self._let_next_in()

    def leave(self, lane: Hashable) -> None:
        """Give the network on; the job of the lane goes on without it."""
        with self._lock:
            if self._inside == lane:
                self._inside = None
                self._past.add(lane)
            self._let_next_in()

    def end(self, lane: Hashable) -> None:
        """Note that the lane's job has ended, wherever it was."""
        with self._lock:
            self._waiting.pop(lane, None)
            self._past.discard(lane)
            if self._inside == lane:
                self._inside = None
            self._let_next_in()

    def holds_back(self, lane: Hashable) -> bool:
        """Whether the lane waits for its turn."""
        return lane in self._waiting

    def _let_next_in(self) -> None:
        if self._inside is not None or not self._waiting:
            return
        lane = min(self._waiting, key=lambda each: not self._waiting[each].urgent)  # of equal ones the first
        passage = self._waiting[lane]
        if self._past and not self._has_room(passage):
            return
        del self._waiting[lane]
        self._inside = lane
        passage.admit()

    def _has_room(self, passage: Passage) -> bool:
        if passage.alone:
            return False
        room = self.room_bytes()
        return room is None or passage.needs_bytes <= room
