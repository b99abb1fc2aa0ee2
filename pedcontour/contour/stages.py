"""The stages of a job and how much of the whole each is, for a progress bar that does not jump."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from pedcontour.inference.port import Progress

StageProgress = Callable[[str, float], None]
"""Told the stage and the finished share of the whole, 0.0 to 1.0, never falling. It may raise ``CancelledError``."""

Turn = Callable[[int], AbstractContextManager[None]]
"""Waits until the network may take so many bytes more, and holds it for the block, where several jobs share one device.
May raise ``CancelledError`` while it waits."""

SHARES = {"read": 0.05, "wait": 0.0, "segment": 0.80, "judge": 0.03, "write": 0.04, "check": 0.04, "picture": 0.04}
"""Each stage's share of the whole time, in order: measured on a 99-slice CT on two cores, where the network is nearly
all. Only a job that takes its turn waits; how long is not known, so that no share is set aside for it."""


@dataclass
class Stages:
    """Walks through the stages, telling ``progress`` and taking the time of each in ``timings_s``."""

    progress: StageProgress
    timings_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Run one stage; yields the function that reports the share of this stage, 0 to 1."""
        before = sum(share for stage, share in SHARES.items() if _earlier(stage, name))

        def report(share: float) -> None:
            self.progress(name, min(1.0, before + SHARES[name] * min(1.0, max(0.0, share))))

        report(0.0)
        started = perf_counter()
        yield report
        self.timings_s[name] = round(perf_counter() - started, 3)
        report(1.0)


def _earlier(stage: str, than: str) -> bool:
    order = list(SHARES)
    return order.index(stage) < order.index(than)
