"""What a fault came to: one row of the table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAME = "same digest"
TARGET = "same digest or a clean refusal"


@dataclass(frozen=True)
class Outcome:
    """How often a fault was tried, and what all trials came to.

    ``ours`` is what happened, in words: the sites' one digest, or the code of the refusal and what followed. ``met``
    is whether that is what should happen; ``more`` are further figures of the row.
    """

    n: int
    ours: str
    met: bool
    more: dict[str, Any] = field(default_factory=dict)

    def row(self, name: str) -> dict[str, Any]:
        """The row of that fault in ``benchmarks/results``."""
        told = {"name": name, "ours": self.ours, "target": TARGET, "met": self.met, "unit": "outcome", "n": self.n}
        return told | self.more


Trial = Callable[[Path], Outcome]
"""Tries a fault in an empty folder."""
