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
    themselves. Where nobody is past, lanes without a job give up the network that they keep warm; then those that read
    are waited for; and where all others wait, too, one of these is refused. Whoever is left alone may pass: whether its
    job fits by itself is not asked here.
    """

    room_bytes: Callable[[], int | None] = _not_known
    _rest: dict[Hashable, Callable[[], None]] = field(default_factory=dict)
    _reading: set[Hashable] = field(default_factory=set)
    _waiting: dict[Hashable, Passage] = field(default_factory=dict)
    _inside: Hashable | None = None
    _past: set[Hashable] = field(default_factory=set)
    _refused: set[Hashable] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def join(self, lane: Hashable, rest: Callable[[], None]) -> None:
        """Make a lane known. ``rest`` frees what it holds; called between its jobs, from any thread; must not raise."""
        with self._lock:
            self._rest[lane] = rest

    def begin(self, lane: Hashable) -> None:
        """Note that the lane has a job: what it holds is in use until the job's end."""
        with self._lock:
            self._reading.add(lane)

    def ask(self, lane: Hashable, passage: Passage) -> None:
        """Queue up; the lane is admitted as soon as it is its turn, perhaps before this returns."""
        with self._lock:
            self._reading.discard(lane)
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
            for lanes in (self._reading, self._past, self._refused):
                lanes.discard(lane)
            if self._inside == lane:
                self._inside = None
            self._let_next_in()

    def holds_back(self, lane: Hashable) -> bool:
        """Whether the lane waits for its turn."""
        return lane in self._waiting

    def refuses(self, lane: Hashable) -> bool:
        """Whether the lane is to give its job back, and the memory that it holds: another needs it."""
        return lane in self._refused

    def _let_next_in(self) -> None:
        if self._inside is not None or not self._waiting:
            return
        lane, *others = sorted(self._waiting, key=lambda each: not self._waiting[each].urgent)  # of equal ones in order
        passage = self._waiting[lane]
        if not self._may_pass(passage):
            if self._past or self._reading:
                return  # they end by themselves, or come here
            if others:
                self._refuse_one_of([lane, *others])
                return
        del self._waiting[lane]
        self._inside = lane
        passage.admit()

    def _may_pass(self, passage: Passage) -> bool:
        if self._past:
            return not passage.alone and self._has_room(passage)
        if passage.alone or not self._has_room(passage):
            self._let_idle_rest()
        return self._has_room(passage)

    def _has_room(self, passage: Passage) -> bool:
        room = self.room_bytes()
        return room is None or passage.needs_bytes <= room

    def _let_idle_rest(self) -> None:
        for lane in self._rest.keys() - self._reading - self._waiting.keys():  # nobody is inside or past
            self._rest[lane]()

    def _refuse_one_of(self, lanes: list[Hashable]) -> None:
        """The last for whose job memory has not run out before, so that no job meets this again and again."""
        refused = next((lane for lane in reversed(lanes) if not self._waiting[lane].alone), lanes[-1])
        del self._waiting[refused]
        self._refused.add(refused)
        self._past.add(refused)  # it runs no network, and ends by itself
