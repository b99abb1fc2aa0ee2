"""Jobs lost and doubled per fault: `make faults`.

Real gateways, workers, brokers and tables; only the network is a stand-in. Each row sends jobs, does its fault again
and again while they are open, and counts in the end: lost is an accepted job that did not end as it should with all
its results, doubled a job that nobody was told of or one that changed after its end. Recovery is the time until the job
that was hit is begun again, or the part that was hit answers again; leases are shortened to 4 s.
"""

import argparse
import io
import math
import random
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.faults.aims import Harm, NothingToHurtError
from benchmarks.faults.kinds import FAULTS
from benchmarks.faults.ledger import Ledger
from benchmarks.faults.service import LEASE_S, SETUPS, Setup, serving
from benchmarks.faults.surroundings import CannotBeHurtError, surroundings
from benchmarks.results_file import commit, read_rows, write_results
from pedcontour.dicom.ct_writer import write_ct_series
from tests.stand_ins.model import shaded_torso

WORKERS = 2

LONGEST_PAUSE_S = 2.0
"""Faults come at a random moment within so long of the sending of jobs."""


def measure(setup: Setup, name: str, jobs: int, kills: int, seed: int) -> dict[str, Any]:
    """One row: ``kills`` faults over ``jobs`` jobs."""
    row: dict[str, Any] = {"name": f"{name} ({setup.name})", "unit": "jobs lost", "target": 0}
    fault = FAULTS[name]
    try:
        with (
            surroundings(fault.small_disks, false_clock=fault.false_clock) as around,
            serving(setup, around, WORKERS) as service,
        ):
            ledger = Ledger(service, _archive(around.folder), random.Random(seed))
            _hurt(ledger, fault.harm, jobs, kills)
            ledger.settle()
            lost, doubled = ledger.lost(), ledger.doubled()
            row |= {"lost_as": ledger.why_lost()} if lost else {}
    except (FileNotFoundError, NothingToHurtError, CannotBeHurtError) as reason:
        return row | {"met": False, "why": f"not measured: {reason}"}
    return row | {
        "jobs": len(ledger.accepted),
        "kills": kills,
        "ours": lost,
        "doubled": doubled,
        "recovery_p50_s": _quantile(ledger.recoveries_s, 50),
        "recovery_p95_s": _quantile(ledger.recoveries_s, 95),
        "met": lost == 0 and doubled == 0,
    }


def _hurt(ledger: Ledger, harm: Harm, jobs: int, kills: int) -> None:
    for number in range(kills):
        ledger.send(jobs * (number + 1) // kills - jobs * number // kills)
        time.sleep(ledger.chance.uniform(0, LONGEST_PAUSE_S))
        ledger.time_recovery(harm(ledger))


def _archive(folder: Path) -> bytes:
    write_ct_series(shaded_torso(), folder / "ct")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((folder / "ct").iterdir()):
            archive.write(file, file.name)
    return content.getvalue()


def _quantile(values: Sequence[float], percent: int) -> float | None:
    if len(values) < 2:
        return round(values[0], 2) if values else None
    return round(quantiles(values, n=100, method="inclusive")[percent - 1], 2)


def _show(rows: Sequence[dict[str, Any]]) -> None:
    table = Table("fault (broker, table)", "jobs", "kills", "lost", "doubled", "recovery p50 s", "p95 s")
    for row in rows:
        cells = ("jobs", "kills", "ours", "doubled", "recovery_p50_s", "recovery_p95_s")
        table.add_row(row["name"], *(str(row.get(cell, "-")) for cell in cells))
        if "why" in row:
            table.add_row(f"  {row['why']}")
    Console().print(table)


def _write(rows: Sequence[dict[str, Any]]) -> None:
    measured = [row for row in rows if "why" not in row]
    totals = {cell: sum(row[cell] for row in measured) for cell in ("jobs", "kills", "ours", "doubled")}
    write_results("faults", "make faults", rows, totals=totals, lease_s=LEASE_S, workers=WORKERS)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table, write ``benchmarks/results/faults.json``; exit 1 when a job was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000, help="jobs of all rows together (default 2000)")
    parser.add_argument("--kills", type=int, default=100, help="faults of all rows together, at least (default 100)")
    parser.add_argument("--setup", action="append", choices=[setup.name for setup in SETUPS], help="all when left out")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="all when left out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the rows of earlier runs that are not measured now")
    options = parser.parse_args(argv)
    setups = [setup for setup in SETUPS if options.setup is None or setup.name in options.setup]
    names = options.fault or FAULTS
    cases = [(setup, name) for setup in setups for name in names if setup.table in FAULTS[name].tables]
    jobs, kills = (math.ceil(total / len(cases)) for total in (options.jobs, options.kills))
    Console().print(f"Measuring {commit()}.")  # asked now: hours later the tree may be another
    rows = read_rows("faults") if options.keep else []
    for number, (setup, name) in enumerate(cases):
        row = measure(setup, name, jobs, kills, options.seed + number)
        rows = [other for other in rows if other["name"] != row["name"]] + [row]
        Console().print(f"{number + 1} of {len(cases)}: {row['name']}: lost {row.get('ours', row.get('why'))}")
        _write(rows)  # after each row: hours of measuring end early now and then
    _show(rows)
    return 0 if all(row["met"] for row in rows if "why" not in row) else 1


if __name__ == "__main__":
    sys.exit(main())
