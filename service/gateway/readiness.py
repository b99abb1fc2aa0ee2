"""Which parts fail now: asked once for all who ask at the same time, and remembered for a moment.

Anybody may ask, as often as they like. A part that hangs therefore costs one thread, however many ask meanwhile, and
those threads are none of the pool that requests are served from.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from time import monotonic

import anyio.to_thread

from pedcontour.errors import PedcontourError

REMEMBERED_S = 1.0
"""An answer holds so long: orchestrators ask every few seconds, and a part that failed a second ago fails now."""

PATIENCE_S = 3.0
"""A part that has not answered by then counts as failing: below the 5 s after which a probe gives up."""

Check = Callable[[], None]


class Readiness:
    """The parts of a gateway by name; for one event loop. A check raises ``PedcontourError`` where its part fails."""

    def __init__(self, checks: Mapping[str, Check], remembered_s: float = REMEMBERED_S) -> None:
        self.names = tuple(checks)
        self._parts = [_Part(name, check, remembered_s) for name, check in checks.items()]
        self._threads = anyio.CapacityLimiter(len(self._parts))

    async def failing(self) -> list[str]:
        """The names of the parts that fail, or have not answered within ``PATIENCE_S``."""
        awaited = [task for part in self._parts if (task := part.asked(self._threads))]
        late: Collection[asyncio.Task[None]] = ()
        if awaited:
            _, late = await asyncio.wait(awaited, timeout=PATIENCE_S)
        return [part.name for part in self._parts if not part.is_well(late)]


class _Part:
    """One part, what it answered last, and the question that is under way."""

    def __init__(self, name: str, check: Check, remembered_s: float) -> None:
        self.name = name
        self._check = check
        self._remembered_s = remembered_s
        self._passed = False
        self._asked_at = self._answered_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def asked(self, threads: anyio.CapacityLimiter) -> asyncio.Task[None] | None:
        """The question to wait for, begun if need be; None while the last answer holds, and where waiting is vain."""
        now = monotonic()
        if self._task is None and now - self._answered_at >= self._remembered_s:
            self._asked_at = now
            self._task = asyncio.create_task(self._ask(threads))
        return None if self._is_overdue() else self._task

    def is_well(self, late: Collection[asyncio.Task[None]]) -> bool:
        """Whether the last answer was good, and the next one neither among those waited for in vain nor overdue."""
        return self._passed and self._task not in late and not self._is_overdue()

    def _is_overdue(self) -> bool:
        return self._task is not None and monotonic() - self._asked_at >= PATIENCE_S

    async def _ask(self, threads: anyio.CapacityLimiter) -> None:
        passed = False
        try:
            passed = await anyio.to_thread.run_sync(_passes, self._check, limiter=threads)
        finally:
            self._passed, self._answered_at, self._task = passed, monotonic(), None


def _passes(check: Check) -> bool:
    try:
        check()
    except PedcontourError:
        return False
    return True
