"""How long a child is waited for: to start, in a job, while it is silent, and to leave a job that was cancelled."""

from dataclasses import dataclass, field
from time import monotonic

from pedcontour.errors import JobTimeoutError, PedcontourError, ProcessSilentError

STOP_GRACE_S = 2.0
"""A child that is told to stop has at least so long to do it, which saves loading its model again."""

TILES_OF_GRACE = 2
"""It learns between tiles that it is to stop: the one under way may take this many times what others took."""

LONGEST_STOP_GRACE_S = 20.0
"""And no longer, however slow its tiles are: loading a model again takes less."""


def stop_grace_s(tile_s: float) -> float:
    """How long a child has to leave its job; ``tile_s`` is the longest that a tile of its network has taken."""
    return min(LONGEST_STOP_GRACE_S, max(STOP_GRACE_S, TILES_OF_GRACE * tile_s))


@dataclass(frozen=True)
class Patience:
    """Seconds that a child may take: to start, for a job without its wait at the gate, and between signs of life."""

    start_s: float = 300.0
    job_s: float = 3600.0
    silence_s: float = 60.0


@dataclass
class JobClock:
    """What a job has taken so far, without its wait at the gate, and how long its child has been silent."""

    patience: Patience
    job_s: float = 0.0
    silent_s: float = 0.0
    looked_at: float = field(default_factory=monotonic)

    def look(self, *, heard: bool, waits: bool) -> None:
        """Count the time since the last look."""
        now = monotonic()
        passed, self.looked_at = now - self.looked_at, now
        self.silent_s = 0.0 if heard else self.silent_s + passed
        self.job_s += 0.0 if waits else passed

    def error(self) -> PedcontourError | None:
        """What is to be raised when a child's time is over."""
        if self.job_s > self.patience.job_s:
            return JobTimeoutError(f"more than {self.patience.job_s:g} s")
        if self.silent_s > self.patience.silence_s:
            return ProcessSilentError(f"for {self.patience.silence_s:g} s")
        return None
