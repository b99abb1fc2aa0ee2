"""Whether an upload is taken in at all: asked before its body is read, so that a refusal costs nobody anything.

The limits on waiting jobs are soft: uploads that begin at the same moment may each find the last free place. Those on
open uploads and on the disk are not.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from pedcontour.errors import (
    QueueFullError,
    TooManyRequestsError,
    TooManyStreamsError,
    TooManyUploadsError,
    TooManyWaitingError,
)
from service.gateway.disk import Disk, Room, Space, Watermark, space_of
from service.gateway.places import Places
from service.jobstore import Records

FORGET_ABOVE = 1024
"""So many tenants' rates are remembered before those that have rested long enough are forgotten."""

QUEUE_RETRY_S = 60.0
"""What a client waits for a place in the queue: about a job."""


@dataclass(frozen=True)
class AdmissionLimits:
    """How much is taken in; see the settings of the same names."""

    max_waiting: int = 2000
    max_waiting_of_tenant: int = 500
    posts_per_minute: int = 600
    max_open_of_tenant: int = 64
    max_streams_of_tenant: int = 100
    min_free_bytes: int = 1024**3
    min_free_share: float = 0.02


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
    """Lets uploads in while there is room for them; ``streams`` are the places of those who watch a job."""

    def __init__(self, limits: AdmissionLimits | None = None, space: Callable[[Path], Space] = space_of) -> None:
        self._limits = limits or AdmissionLimits()
        self._disk = Disk(Watermark(self._limits.min_free_bytes, self._limits.min_free_share), space)
        self._rates = Rates(self._limits.posts_per_minute)
        self._open = Places(self._limits.max_open_of_tenant, TooManyUploadsError)
        self.streams = Places(self._limits.max_streams_of_tenant, TooManyStreamsError)

    @contextmanager
    def admit(self, tenant: str, jobs: Records, uploads: Path, declared_bytes: int) -> Iterator[Room]:
        """Let a tenant send an upload: a place and its room on the disk, until it is left.

        Raises ``TooManyRequestsError``, ``TooManyUploadsError``, ``StorageLowError``, ``TooManyWaitingError``,
        ``QueueFullError``, ``StoreError``.
        """
        self._rates.take(tenant)
        with self._open.one(tenant), self._disk.room(uploads, declared_bytes) as room:
            self._check_waiting(tenant, jobs)
            yield room

    def _check_waiting(self, tenant: str, jobs: Records) -> None:
        if jobs.backlog(tenant=tenant).waiting >= self._limits.max_waiting_of_tenant:
            raise TooManyWaitingError(retry_after_s=QUEUE_RETRY_S)
        if jobs.backlog().waiting >= self._limits.max_waiting:
            raise QueueFullError(retry_after_s=QUEUE_RETRY_S)
