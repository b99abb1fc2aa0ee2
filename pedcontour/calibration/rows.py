"""What is kept of each kidney of a case with known truth: one line of JSON."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pedcontour.postprocessing.evidence import Evidence

REAL_SHARE = 0.3
"""Something drawn is the kidney when this share of it, or of the kidney, lies in the true one."""


@dataclass(frozen=True)
class KidneyRow:
    """One side of one case: what is there, what was drawn, and the evidence about it.

    ``group`` says what kind of kidney or bed it is. Volumes in mL:
    ``truth_ml`` is there, ``drawn_ml`` was drawn (specks left out), ``overlap_ml`` is both. ``evidence`` is None where
    nothing was drawn.
    """

    case: str
    split: str
    group: str
    organ: str
    truth_ml: float
    drawn_ml: float
    overlap_ml: float
    evidence: Evidence | None

    @property
    def present(self) -> bool:
        """Whether the child has this kidney within the images."""
        return self.truth_ml > 0.0

    @property
    def real(self) -> bool:
        """Whether what was drawn is the kidney, and not something else, as in the bed of one that lies elsewhere."""
        smaller = min(self.truth_ml, self.drawn_ml)
        return smaller > 0.0 and self.overlap_ml >= REAL_SHARE * smaller


def write_rows(path: Path, rows: Iterable[KidneyRow]) -> None:
    """Write a case's rows as one file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), "utf-8")
    staged.replace(path)


def read_rows(folder: Path) -> list[KidneyRow]:
    """All rows of a folder, in the order of their files. Raises ``ValueError`` naming a file that is not of rows."""
    return [row for path in sorted(folder.rglob("*.jsonl")) for row in _read(path)]


def _read(path: Path) -> Iterator[KidneyRow]:
    for line in path.read_text("utf-8").splitlines():
        try:
            entry = json.loads(line)
            evidence = entry.pop("evidence")
            yield KidneyRow(**entry, evidence=Evidence(**evidence) if evidence is not None else None)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{path} holds a line that is no row of a kidney") from error
