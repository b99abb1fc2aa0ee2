"""The table of measurements against others: ``make bench``, or one row by ``make bench ROW=rtstruct``.

Both sides of a row run in one go, in turns, each in a process of its own; figures are medians. Ratios are what counts:
the machine's speed is in both sides. Lines of rows that are not run are kept as they were.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bench.catalogue import ROWS
from benchmarks.bench.rows import keep
from benchmarks.results_file import commit


def main() -> None:
    """Measure the rows asked for, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", action="append", choices=sorted(ROWS), help="A row, or several; all if left out.")
    names = parser.parse_args().row or list(ROWS)
    console = Console()
    console.print(f"Measuring {commit()}.")  # asked now: hours later the tree may be another
    for name in names:
        console.print(f"[bold]{name}[/bold]: {ROWS[name].about}")
        console.print(table(keep(ROWS[name].measure())))


def table(lines: Sequence[dict[str, Any]]) -> Table:
    """The lines as a table."""
    shown = Table("measure", "ours", "other", "ratio", "unit", "target", "met", "processor s", "peak MiB")
    for line in lines:
        shown.add_row(
            line["name"],
            _text(line.get("ours")),
            " ".join(filter(None, (_text(line.get("other")), line.get("other_is", "")))),
            _text(line.get("ratio")),
            line.get("unit", ""),
            _text(line.get("target")),
            {True: "yes", False: "[bold]no[/bold]", None: ""}[line.get("met")],
            _pair(line, "cpu_s"),
            _pair(line, "peak_mib"),
        )
    return shown


def _pair(line: dict[str, Any], figure: str) -> str:
    return " : ".join(_text(line[key]) for side in ("ours", "other") if (key := f"{side}_{figure}") in line)


def _text(value: object) -> str:
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
