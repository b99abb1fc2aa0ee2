"""Figures that only grow: what workers count and measure, kept where every gateway can tell it to the monitoring.

They are apart from the job table because rows of that are erased, and a count that shrinks reads as a restart.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

SUM, COUNT = "sum", "count"
"""Parts of a figure that was measured; a histogram's others are the upper bounds of its buckets, as text."""

WAIT_BUCKETS_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""From an idle worker, which takes a job at once, to a queue of an hour."""

RUN_BUCKETS_S = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
"""From a small phantom on a GPU to a long series on a busy CPU."""


@dataclass(frozen=True, order=True)
class Figure:
    """One number: what it is of (``label`` is a state, stage or code), and which part of that."""

    name: str
    label: str = ""
    part: str = COUNT


def measured(name: str, value: float, buckets: tuple[float, ...] = (), label: str = "") -> dict[Figure, float]:
    """What one measurement adds."""
    within = {Figure(name, label, str(bound)): 1.0 for bound in buckets if value <= bound}
    return {**within, Figure(name, label, SUM): value, Figure(name, label, COUNT): 1.0}


class FigureStore(Protocol):
    """Adds up. Every method raises ``JobTableError`` when the store itself fails."""

    def add(self, amounts: Mapping[Figure, float]) -> None:
        """Add to several figures at once."""
        ...

    def read(self) -> Mapping[Figure, float]:
        """All figures as they stand."""
        ...


class MemoryFigures:
    """A ``FigureStore`` that lives as long as its process."""

    def __init__(self) -> None:
        self._figures: dict[Figure, float] = {}
        self._lock = threading.Lock()

    def add(self, amounts: Mapping[Figure, float]) -> None:
        """See ``FigureStore.add``."""
        with self._lock:
            for figure, amount in amounts.items():
                self._figures[figure] = self._figures.get(figure, 0.0) + amount

    def read(self) -> Mapping[Figure, float]:
        """See ``FigureStore.read``."""
        with self._lock:
            return dict(self._figures)
