"""What a worker is doing at the moment: whether it may begin another job, which it holds, since when it is idle."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic


@dataclass(frozen=True)
class Held:
    """A job that was claimed, and the name under which."""

    job_id: str
    owner: str


@dataclass
class Shift:
    """Shared by the threads that work, one a lane, and those that watch them."""

    idle_since: float = field(default_factory=monotonic)
    _held: dict[str, Held] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ending: threading.Event = field(default_factory=threading.Event)

    @property
    def held(self) -> tuple[Held, ...]:
        """The jobs that are worked on."""
        with self._lock:
            return tuple(self._held.values())

    @property
    def is_ending(self) -> bool:
        """Whether the worker was asked to stop: no other job is begun."""
        return self._ending.is_set()

    def end(self) -> None:
        """Ask the worker to stop; may be called where a signal is handled."""
        self._ending.set()

    def wait_for_end(self) -> None:
        """Wait until the worker is asked to stop."""
        self._ending.wait()

    def is_idle_for(self, seconds: float) -> bool:
        """Whether nothing has been done or looked for so long."""
        return not self._held and monotonic() - self.idle_since >= seconds

    @contextmanager
    def holding(self, job_id: str, owner: str) -> Iterator[None]:
        """Note the job while it is worked on."""
        with self._lock:
            self._held[owner] = Held(job_id, owner)
        try:
            yield
        finally:
            self.looked()
            with self._lock:
                del self._held[owner]

    def looked(self) -> None:
        """Note that the worker has looked for a job just now."""
        self.idle_since = monotonic()
