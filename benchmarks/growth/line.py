"""A straight line through measured points, and how steep the growth is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Point = tuple[float, float]
"""What grows, and what was measured at it."""


@dataclass(frozen=True)
class Line:
    """``at_none + slope * x``, by least squares of the relative error: small series count as much as large ones.

    ``steepness`` is the slope through the logarithms of both: 1 is proportional, less has a share that does not grow,
    2 is quadratic. ``worst`` is the largest error of the line, relative to what was measured.
    """

    at_none: float
    slope: float
    steepness: float
    worst: float

    @classmethod
    def through(cls, points: Sequence[Point]) -> "Line":
        """The line of two points or more, all positive."""
        x, y = np.array(points, float).T
        slope, at_none = np.polyfit(x, y, 1, w=1 / y)
        steepness = np.polyfit(np.log(x), np.log(y), 1)[0]
        worst = np.abs((at_none + slope * x) / y - 1).max()
        return cls(float(at_none), float(slope), float(steepness), float(worst))


@dataclass(frozen=True)
class Growth:
    """One curve: its name, what it is measured in (``unit``) and against (``against``), its points, repetitions."""

    name: str
    unit: str
    against: str
    points: tuple[Point, ...]
    n: int

    @property
    def line(self) -> Line:
        """The line through the points."""
        return Line.through(self.points)

    def row(self) -> dict[str, Any]:
        """As a row of results: ``ours`` is the slope, ``at_none`` what is left where nothing is."""
        line = self.line
        return {
            "name": self.name,
            "ours": float(f"{line.slope:.3g}"),
            "unit": f"{self.unit} per {self.against}",
            "at_none": float(f"{line.at_none:.3g}"),
            "log_log_slope": round(line.steepness, 2),
            "worst_error_of_line": round(line.worst, 2),
            "points": [[float(f"{x:.4g}"), float(f"{y:.4g}")] for x, y in self.points],
            "n": self.n,
        }

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> "Growth":
        """The curve that was written as a row."""
        unit, _, against = row["unit"].partition(" per ")
        return cls(row["name"], unit, against, tuple((x, y) for x, y in row["points"]), row["n"])
