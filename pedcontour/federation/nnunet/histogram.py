"""How often each whole number was counted: what a hospital tells of its intensities, and what can be said from it.

Sums of histograms are those of the pooled values, so every figure below is that of the pooled values, too, whichever
way they were spread over hospitals. Means of the hospitals' percentiles would not be.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

VALUES_AT_ONCE = 1_000_000
"""Counted in pieces, since a case of two may bring fifty million samples."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """``counts[n]`` values were ``first + n``; neither the first nor the last count is zero, if there are any."""

    first: int
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> Self:
        """Count values, rounded to whole numbers (ties to even)."""
        if not len(values):
            return cls(0, np.zeros(0, np.int64))
        first = int(np.rint(values.min()))
        counts = np.zeros(int(np.rint(values.max())) - first + 1, np.int64)
        for start in range(0, len(values), VALUES_AT_ONCE):
            piece = np.rint(values[start : start + VALUES_AT_ONCE]).astype(np.int64) - first
            counts += np.bincount(piece, minlength=len(counts))
        return cls(first, counts)

    @classmethod
    def merged(cls, histograms: Iterable["Histogram"]) -> Self:
        """The histogram of all values together; the order does not matter."""
        parts = [histogram for histogram in histograms if len(histogram.counts)]
        if not parts:
            return cls(0, np.zeros(0, np.int64))
        first = min(part.first for part in parts)
        counts = np.zeros(max(part.first + len(part.counts) for part in parts) - first, np.int64)
        for part in parts:
            counts[part.first - first :][: len(part.counts)] += part.counts
        return cls(first, counts)

    @property
    def total(self) -> int:
        """How many values were counted."""
        return int(self.counts.sum())

    @property
    def minimum(self) -> int:
        """The smallest value."""
        return self.first

    @property
    def maximum(self) -> int:
        """The largest value."""
        return self.first + len(self.counts) - 1

    def mean(self) -> float:
        """The mean, exact but for one rounding."""
        return self._moment(1) / self.total

    def std(self) -> float:
        """The standard deviation of all values (not of a sample), exact but for two roundings."""
        total = self.total
        return math.sqrt((total * self._moment(2) - self._moment(1) ** 2) / total**2)

    def percentile(self, percent: float) -> float:
        """What ``numpy.percentile`` gives for the values: between neighbours in order, linearly."""
        place = (self.total - 1) * (percent / 100)
        lower = math.floor(place)
        low, high = (self._in_order(index) for index in (lower, min(lower + 1, self.total - 1)))
        share = place - lower
        return low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)

    def _in_order(self, index: int) -> float:
        return float(self.first + int(np.searchsorted(self.counts.cumsum(), index, side="right")))

    def _moment(self, power: int) -> int:
        """The sum of all values to a power, in Python's integers, which do not overflow."""
        return sum(count * (self.first + n) ** power for n, count in enumerate(self.counts.tolist()) if count)
