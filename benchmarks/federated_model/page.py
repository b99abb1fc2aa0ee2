"""The results as a page of docs/ and as lines on the terminal, made of the rows of the results file alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.federated_model.arms import ARMS, TESTS, Test
from benchmarks.federated_model.judging import EVALUATED
from pedcontour.organs import all_organs

TEMPLATE = Template((Path(__file__).parent / "page.md").read_text("utf-8"))
METRICS = {"dsc": ("DSC, mean", 3), "hd95_mm": ("HD95 in mm, median", 1), "msd_mm": ("MSD in mm, median", 2)}
"""A metric's heading, and how many decimals are shown."""

SIGNIFICANT = 0.05

Rows = Sequence[Mapping[str, Any]]


def page_of(results: Mapping[str, Any]) -> str:
    """Markdown of a results file that ``table.rows_of`` has filled."""
    rows = {row["name"]: row for row in results["rows"]}
    return TEMPLATE.substitute(
        trained=_trained(results["schedule"]),
        cases=results["cases"],
        claims=_claims(results["rows"]),
        commit=results["commit"],
        significant=SIGNIFICANT,
        tables="\n".join(_table(rows, test, metric) for metric in METRICS for test in TESTS).strip(),
    )


def claims_of(rows: Rows) -> list[str]:
    """The claim of the study and its parts, met or not, one line each."""
    return [_claim(row) for row in rows if str(row["name"]).startswith("claim/")]


def total_iterations(schedule: Mapping[str, Any]) -> int:
    """How many iterations each site took."""
    return int(schedule["rounds"] * schedule["local_epochs"] * schedule["iterations"])


def _trained(schedule: Mapping[str, Any]) -> str:
    start = schedule["start"]
    first = "one random network" if start is None else f"one trained network (its digest, {start[:16]}, in the charter)"
    rounds, epochs, iterations = (schedule[name] for name in ("rounds", "local_epochs", "iterations"))
    return (
        f"All began with {first},\nand took {total_iterations(schedule)} iterations at each site: {rounds} rounds of "
        f"{epochs} epochs of {iterations} patches, {schedule['optimizer']}, every site keeping its own moments."
    )


def _claims(rows: Rows) -> str:
    whole, *parts = claims_of(rows)
    return "\n".join([f"The study's claim: {whole}.", "", *(f"- {part}" for part in parts)])


def _claim(row: Mapping[str, Any]) -> str:
    met = "met" if row["met"] else "NOT met"
    if row["name"] == "claim/whole":
        return met
    worse = ", ".join(f"{all_organs()[organ].name} {gain:+.4f}" for organ, gain in row["worse"].items())
    name, ours = row["name"].removeprefix("claim/"), row["ours"]
    shown = str(ours) if isinstance(ours, int) else f"{ours:.4f}"
    return f"{name}: {shown} ({row['unit']}, target {row['target']}), {met}" + (f"; {worse}" if worse else "")


def _table(rows: Mapping[str, Mapping[str, Any]], test: Test, metric: str) -> str:
    heading, decimals = METRICS[metric]
    lines = [
        f"## {heading}, {test.name}",
        "",
        "| organ | " + " | ".join(arm.title for arm in ARMS) + " |",
        "|---" * (len(ARMS) + 1) + "|",
    ]
    for organ in EVALUATED:
        cells = [_cell(rows[f"{test.name}/{arm.name}/{organ}"], metric, decimals) for arm in ARMS]
        marks = [_mark(rows.get(f"{test.name}/federated - {arm.name}/{organ}"), metric) for arm in ARMS]
        shown = " | ".join(cell + mark for cell, mark in zip(cells, marks, strict=True))
        lines.append(f"| {all_organs()[organ].name} | {shown} |")
    return "\n".join([*lines, ""])


def _cell(row: Mapping[str, Any], metric: str, decimals: int) -> str:
    value, ends = row[metric], row[f"{metric}_interval"]
    if value is None:
        return "-"
    shown = f"{value:.{decimals}f}"
    return shown if ends is None else f"{shown} ({ends[0]:.{decimals}f}-{ends[1]:.{decimals}f})"


def _mark(difference: Mapping[str, Any] | None, metric: str) -> str:
    p = None if difference is None else difference["p_holm"][metric]
    return "*" if p is not None and p < SIGNIFICANT else ""
