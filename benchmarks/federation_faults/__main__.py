"""``make federation-faults``: one row per fault, with toy sites, since it is the protocol that is tested.

``--rows store,sites`` measures some of the groups again and keeps the other rows of the file.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.federation_faults import attacks, kills, places, sites
from benchmarks.federation_faults.outcome import Outcome
from benchmarks.results_file import read_rows, write_results

NAME = "federation-faults"
GROUPS: dict[str, Callable[[Path, int], list[Outcome]]] = {
    "store": lambda folder, _: [*places.store_faults(folder), places.half_an_object(folder / "half")],
    "clocks": lambda folder, _: places.clocks(folder),
    "sites": lambda folder, _: sites.all_rows(folder),
    "attacks": lambda folder, _: attacks.all_rows(folder),
    "deaths": lambda folder, _: [places.deaths_at_every_request(folder)],
    "kills": kills.all_rows,
}


def main(
    rows: Annotated[str, typer.Option("--rows", help="Groups to measure, with commas between.")] = ",".join(GROUPS),
    kill: Annotated[int, typer.Option("--kills", help="How many kill -9 in all.")] = 120,
) -> None:
    """Measure, print, and write benchmarks/results/federation-faults.json."""
    found = {row["name"]: row for row in read_rows(NAME)}
    failed = 0
    for group in rows.split(","):
        with tempfile.TemporaryDirectory(prefix="federation-faults-") as scratch:
            for outcome in GROUPS[group](Path(scratch), kill):
                print(
                    f"{outcome.name:<45} {outcome.n:>5}  {'met' if outcome.met else 'NOT MET':<8} {outcome.ours}",
                    flush=True,
                )
                found[outcome.name] = outcome.row() | {"group": group}
                failed += not outcome.met
    order = list(GROUPS)
    ordered = sorted(found.values(), key=lambda row: order.index(row["group"]))
    total = sum(row.get("kills", 0) for row in ordered)
    write_results(NAME, "make federation-faults", ordered, kills=total)
    raise typer.Exit(bool(failed))


if __name__ == "__main__":
    typer.run(main)
