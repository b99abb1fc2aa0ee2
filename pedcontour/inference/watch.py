"""What is told about a segmentation while it runs: the seconds of its stages, and how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TypeVar

from pedcontour.inference.port import Progress

PREPARED_SHARE = 0.03
"""Progress: the share done after preprocessing; the tiles take the rest. Measured on two cores."""

_Item = TypeVar("_Item")


class RisingProgress:
    """Progress that never falls: after a new start nothing is told until it rises again."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._told = progress, -1.0

    def __call__(self, whole: float) -> None:
        """The share of the whole."""
        if whole > self._told:
            self._told = whole
            self._progress(whole)

    def of_tiles(self, share: float) -> None:
        """The tiles' part of the whole."""
        self(PREPARED_SHARE + (1.0 - PREPARED_SHARE) * share)


class StageWatch:
    """Adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Count what is done within, also where it fails and is tried otherwise."""
        started = perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + perf_counter() - started

    def timing_each(self, stage: str, items: Iterator[_Item]) -> Iterator[_Item]:
        """Count what it takes to make each item, and not what is done with it."""
        while True:
            with self.timing(stage):
                item = next(items, None)
            if item is None:
                return
            yield item
