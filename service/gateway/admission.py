"""Whether an upload is taken in at all: asked before its body is read, so that a refusal costs nobody anything.

The limits are soft: uploads that begin at the same moment may each find the last free place.
"""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from pedcontour.errors import QueueFullError, StorageLowError, StoreError, TooManyRequestsError, TooManyWaitingError
from service.jobstore import Records

FORGET_ABOVE = 1024
"""So many tenants' rates are remembered before those that have rested long enough are forgotten."""

QUEUE_RETRY_S = 60.0
"""What a client waits for a place in the queue: about a job."""

STORAGE_RETRY_S = 600.0
"""What a client waits for space on the disk: some rounds of the janitor."""


@dataclass(frozen=True)
class AdmissionLimits:
    """How much is taken in; see the settings of the same names."""

    max_waiting: int = 2000
    max_waiting_of_tenant: int = 500
    posts_per_minute: int = 600
    min_free_bytes: int = 1024**3
    min_free_share: float = 0.02


@dataclass(frozen=True)
class Space:
    """The disk that uploads go to, in bytes."""

    total: int
    free: int


def space_of(folder: Path) -> Space:
    """The disk of a folder that need not be there yet. Raises ``StoreError``."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path())
    try:
        usage = shutil.disk_usage(there)
    except OSError as error:
        raise StoreError(type(error).__name__) from None
    return Space(usage.total, usage.free)


class Rates:
    """A token bucket for every tenant: ``per_minute`` at once when rested, and so many a minute in the long run.

    Kept in memory, by each gateway for itself: it protects this process and its disk, and a look into the table at
    every request would cost more than it saves. Behind several gateways a tenant has as many buckets.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._most = float(per_minute)
        self._per_s = per_minute / 60.0
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, tenant: str) -> None:
        """Count one request. Raises ``TooManyRequestsError``."""
        with self._lock:
            now = self._clock()
            left = self._tokens(tenant, now)
            if left < 1.0:
                raise TooManyRequestsError(retry_after_s=(1.0 - left) / self._per_s)
            if len(self._left) >= FORGET_ABOVE:
                self._left = {name: self._left[name] for name in self._left if self._tokens(name, now) < self._most}
            self._left[tenant] = (left - 1.0, now)

    def _tokens(self, tenant: str, now: float) -> float:
        left, at = self._left.get(tenant, (self._most, now))
        return min(self._most, left + (now - at) * self._per_s)


class Admission:
    """Lets uploads in while there is room for them."""

    def __init__(self, limits: AdmissionLimits | None = None, space: Callable[[Path], Space] = space_of) -> None:
        self._limits = limits or AdmissionLimits()
        self._space = space
        self._rates = Rates(self._limits.posts_per_minute)

    def check(self, tenant: str, jobs: Records, uploads: Path, size_bytes: int) -> None:
        """Let a tenant send ``size_bytes``, as far as it tells them.

        Raises ``TooManyRequestsError``, ``TooManyWaitingError``, ``QueueFullError``, ``StorageLowError``,
        ``StoreError``.
        """
        self._rates.take(tenant)
        self._check_space(uploads, size_bytes)
        if jobs.backlog(tenant=tenant).waiting >= self._limits.max_waiting_of_tenant:
            raise TooManyWaitingError(retry_after_s=QUEUE_RETRY_S)
        if jobs.backlog().waiting >= self._limits.max_waiting:
            raise QueueFullError(retry_after_s=QUEUE_RETRY_S)

    def _check_space(self, uploads: Path, size_bytes: int) -> None:
        space = self._space(uploads)
        if space.free - size_bytes < max(self._limits.min_free_bytes, self._limits.min_free_share * space.total):
            raise StorageLowError(retry_after_s=STORAGE_RETRY_S)
