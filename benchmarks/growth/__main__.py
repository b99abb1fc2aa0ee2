"""How time and memory grow: with the volume's voxels, the number of organs, the number of workers.

``make growth`` measures all three in ten minutes on two cores (and makes its cases with the first run, which takes two
more and 9 GB), fits lines, writes ``benchmarks/results/growth.json`` and draws ``docs/images/growth.png``. Each size
runs in a process of its own. What is not measured is kept as it was.
"""

import argparse
import os
from collections.abc import Callable, Iterable

from benchmarks.bench.rows import merged
from benchmarks.growth import organs, volume, workers
from benchmarks.growth.line import Growth
from benchmarks.growth.picture import PICTURE, draw
from benchmarks.results_file import commit, read_rows, write_results

PARTS: dict[str, Callable[[], Iterable[Growth]]] = {
    "volume": volume.measure,
    "organs": organs.measure,
    "workers": workers.measure,
}


def main() -> None:
    """Measure the parts asked for, print, write, and draw all that was ever measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=sorted(PARTS), help="A part, or several; all if left out.")
    asked = parser.parse_args().part or list(PARTS)
    print(f"Measuring {commit()}.", flush=True)
    for name in asked:
        for curve in PARTS[name]():
            row = curve.row() | {"load": round(os.getloadavg()[0], 1)}
            line = f"{row['at_none']:9g} + {row['ours']:g} {row['unit']}, log-log {row['log_log_slope']}"
            print(f"{row['name']:32} {line}", flush=True)
            write_results("growth", "make growth", merged(read_rows("growth"), [row]))
    curves = {row["name"]: Growth.of_row(row) for row in read_rows("growth")}
    if {name.partition("/")[0] for name in curves} == set(PARTS):
        draw(curves)
        print(PICTURE)


if __name__ == "__main__":
    main()
