"""``make federation-faults``: one row per fault, with toy sites, since it is the protocol that is tested.

``--rows store,sites`` measures some of the groups again and keeps the other rows of the file.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.federation_faults import attacks, kills, places, sites
from benchmarks.federation_faults.outcome import Trial
from benchmarks.results_file import commit, read_rows, write_results

NAME = "federation-faults"
GROUPS: dict[str, Callable[[int], Mapping[str, Trial]]] = {
    "store": lambda _: places.STORE,
    "clocks": lambda _: places.CLOCKS,
    "sites": lambda _: sites.TRIALS,
    "attacks": lambda _: attacks.TRIALS,
    "deaths": lambda _: places.DEATHS,
    "kills": kills.trials,
}


def main(
    rows: Annotated[str, typer.Option("--rows", help="Groups to measure, with commas between.")] = ",".join(GROUPS),
    kill: Annotated[int, typer.Option("--kills", help="How many kill -9 in all.")] = 120,
) -> None:
    """Measure, print, and write benchmarks/results/federation-faults.json."""
    print(f"Measuring {commit()}.", flush=True)
    known = {name for group in GROUPS.values() for name in group(kill)}
    found = {row["name"]: row for row in read_rows(NAME) if row["name"] in known}
    failed = 0
    for group in rows.split(","):
        for name, trial in GROUPS[group](kill).items():
            with tempfile.TemporaryDirectory(prefix="federation-faults-") as scratch:
                outcome = trial(Path(scratch))
            print(f"{name:<45} {outcome.n:>5}  {'met' if outcome.met else 'NOT MET':<8} {outcome.ours}", flush=True)
            found[name] = outcome.row(name) | {"group": group}
            failed += not outcome.met
            _write(list(found.values()))
    raise typer.Exit(bool(failed))


def _write(rows: list[dict[str, Any]]) -> None:
    order = list(GROUPS)
    ordered = sorted(rows, key=lambda row: order.index(row["group"]))
    write_results(NAME, "make federation-faults", ordered, kills=sum(row.get("kills", 0) for row in ordered))


if __name__ == "__main__":
    typer.run(main)
