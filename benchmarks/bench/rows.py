"""What a row says, and whether it meets its target."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.bench.sides import Runs
from benchmarks.results_file import read_rows, write_results

Figures = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One measurement of the table: its name on the command line, its sentence, and what makes its lines.

    Lines may come one by one where a row takes hours; each is kept as it comes.
    """

    name: str
    about: str
    measure: Callable[[], Iterable[Figures]]


def ratio_line(name: str, ours: Runs, other: Runs, other_name: str, target: float) -> Figures:
    """Our time against another's: medians in seconds, with processor time and peak memory beside them."""
    ratio = other.median("seconds") / ours.median("seconds")
    return {
        "name": name,
        "ours": round(ours.median("seconds"), 3),
        "other": round(other.median("seconds"), 3),
        "other_is": other_name,
        "ratio": round(ratio, 1),
        "unit": "s",
        "target": f">= {target:g}x",
        "met": ratio >= target,
        "n": len(ours.figures),
        "ours_cpu_s": round(ours.median("cpu_s"), 3),
        "other_cpu_s": round(other.median("cpu_s"), 3),
        "cpu_ratio": round(other.median("cpu_s") / ours.median("cpu_s"), 1),
        "ours_peak_mib": round(ours.median("peak_mib")),
        "other_peak_mib": round(other.median("peak_mib")),
        "load": round(os.getloadavg()[0], 1),
    }


@dataclass(frozen=True)
class Table:
    """A file of lines in ``benchmarks/results``, what writes it, and more that it says of its machine."""

    name: str
    command: str
    more: Mapping[str, Any] = field(default_factory=dict)


BENCH = Table("bench", "make bench")


def table_of(device: str) -> Table:
    """Where the lines of a device belong: a card's are another machine's, and name it."""
    if device == "cpu":
        return BENCH
    import torch

    return Table("bench_card", "python -m benchmarks.bench.card", {"card": torch.cuda.get_device_name(device)})


def keep(lines: Iterable[Figures], table: Table = BENCH) -> list[Figures]:
    """Put lines into a table's file as they come, beside those of other rows; returns them all.

    What the table says of its machine stands in the line, too: the next one may be measured elsewhere.
    """
    kept = []
    for line in lines:
        fresh = {**line, **table.more}
        write_results(table.name, table.command, merged(read_rows(table.name), [fresh]), **table.more)
        kept.append(line)
    return kept


def merged(earlier: Sequence[Figures], fresh: Sequence[Figures]) -> list[Figures]:
    """Earlier lines with fresh ones in the place of their names; new names at the end."""
    by_name = {line["name"]: line for line in earlier} | {line["name"]: line for line in fresh}
    return list(by_name.values())
