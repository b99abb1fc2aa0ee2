"""The absence filter on held-out phantoms: `make kidneys`.

Contours what is missing of the made-up children (`pedcontour.calibration.cases`), every kind of kidney and empty bed,
then prints per group and per trait what was drawn in empty beds before and after the filter, and what real kidneys it
took; how well its probabilities hold; and its figures without each piece of evidence. Goes on where it stopped.
Definitions: ``pedcontour.calibration.figures``.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.kidney_tables import ABSENT, AREA, COST, PRESENT, show
from benchmarks.results_file import write_results
from pedcontour.bundle import ModelBundle, find_model
from pedcontour.bundle.presence import PresenceModel
from pedcontour.calibration.cases import Split
from pedcontour.calibration.collect import collect
from pedcontour.calibration.costs import Costs
from pedcontour.calibration.figures import (
    AbsentFigures,
    PresentFigures,
    Rule,
    absent_figures,
    by_volume,
    calibrated,
    calibration_curve,
    present_figures,
    roc_area,
)
from pedcontour.calibration.fit import Recipe, fit_presence
from pedcontour.calibration.rows import KidneyRow, read_rows
from pedcontour.calibration.traits import rows_by_trait
from pedcontour.inference.choice import load_engine
from pedcontour.settings import Settings

FALSE_TARGET = 0.01
"""Share of absent sides with more than 1 mL after the filter."""
REMOVED_TARGET = 0.005
"""Share of all present kidneys that the filter takes away."""
ODD_REMOVED_TARGET = 0.02
ODD_GROUPS = ("pelvic", "horseshoe", "partial")
JUDGED: tuple[Split, ...] = ("held_out", "other_scanner", "other_age")


def rows_of_figures(rows: Sequence[KidneyRow], rule: Rule, judged: str) -> list[dict[str, Any]]:
    """One row for all absent and all present sides of a split, and one a group; ``judged`` names split and rule."""
    absent, present = _absent(rows), [row for row in rows if row.present]
    table = [_absent_row(f"{judged}/all absent", absent_figures(absent, rule), FALSE_TARGET)]
    table.append(_present_row(f"{judged}/all present", present_figures(present, rule), REMOVED_TARGET))
    table += [
        _absent_row(f"{judged}/{group}", absent_figures(_of(absent, group), rule), None)
        for group in sorted({row.group for row in absent})
    ]
    for group in sorted({row.group for row in present}):
        target = ODD_REMOVED_TARGET if group in ODD_GROUPS else None
        table.append(_present_row(f"{judged}/{group}", present_figures(_of(present, group), rule), target))
    return table


def rows_of_traits(rows: Sequence[KidneyRow], rule: Rule, judged: str) -> list[dict[str, Any]]:
    """Two rows a trait of the cases, of absent and of present sides."""
    table = []
    for trait, own in rows_by_trait(rows).items():
        present = [row for row in own if row.present]
        table.append(_absent_row(f"{judged}/absent, {trait}", absent_figures(_absent(own), rule), None))
        table.append(_present_row(f"{judged}/present, {trait}", present_figures(present, rule), None))
    return [row for row in table if row["n"]]


def _absent(rows: Sequence[KidneyRow]) -> list[KidneyRow]:
    """Sides whose kidney is gone, not merely outside the images."""
    return [row for row in rows if not row.present and row.group.startswith("absent")]


def _of(rows: Sequence[KidneyRow], group: str) -> list[KidneyRow]:
    return [row for row in rows if row.group == group]


def _absent_row(name: str, figures: AbsentFigures, target: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": name,
        "unit": ABSENT,
        "n": figures.sides,
        "ours": round(figures.after[1], 4),
        "before_0_1_5_ml": [round(share, 4) for share in figures.before],
        "after_0_1_5_ml": [round(share, 4) for share in figures.after],
        "unflagged": round(figures.unflagged, 4),
        "median_before_ml": figures.median_before_ml,
        "median_after_ml": figures.median_after_ml,
    }
    return row | _against(target, figures.after[1], figures.sides)


def _present_row(name: str, figures: PresentFigures, target: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": name,
        "unit": PRESENT,
        "n": figures.drawn,
        "sides": figures.sides,
        "ours": round(figures.removed, 4),
        "interval": [round(end, 4) for end in figures.removed_interval],
        "flagged": round(figures.flagged, 4),
        "told_partial": round(figures.partial, 4),
        "misdrawn": figures.misdrawn,
        "misdrawn_removed": round(figures.misdrawn_removed, 4),
        "median_truth_ml": figures.median_truth_ml,
        "median_after_ml": figures.median_after_ml,
    }
    return row | _against(target, figures.removed, figures.drawn)


def _against(target: float | None, value: float, count: int) -> dict[str, Any]:
    return {} if target is None else {"target": target, "met": count > 0 and value <= target}


def ablation(fitted: Sequence[KidneyRow], judged: Sequence[KidneyRow], model: PresenceModel) -> list[dict[str, Any]]:
    """The figures with each piece of evidence left out once, and with the age's besides; ``fitted`` are the rows to fit
    to."""
    recipes = {f"without/{term.evidence}": Recipe(without=frozenset({term.evidence})) for term in model.terms}
    recipes["with/age_ratio"] = Recipe(more=frozenset({"age_ratio"}))
    return [_ablated(name, fit_presence(fitted, recipe), judged) for name, recipe in recipes.items()]


def by_cost(judged: Sequence[KidneyRow], model: PresenceModel) -> list[dict[str, Any]]:
    """The figures if taking a real kidney away were dearer than the model's costs say."""
    return [_costing(Costs(removed_present=cost), judged, model) for cost in (1.0, 2.0, 5.0, 10.0, 20.0)]


def _costing(costs: Costs, judged: Sequence[KidneyRow], model: PresenceModel) -> dict[str, Any]:
    remove_below, present_from = costs.thresholds()
    rule = calibrated(replace(model, remove_below=remove_below, present_from=present_from))
    absent, present = absent_figures(_absent(judged), rule), present_figures(judged, rule)
    return {
        "name": f"cost/{costs.removed_present:g}",
        "unit": COST,
        "ours": round(absent.after[1], 4),
        "present_removed": round(present.removed, 4),
        "flagged": round(present.flagged, 4),
    }


def _ablated(name: str, other: PresenceModel, judged: Sequence[KidneyRow]) -> dict[str, Any]:
    area, rule = roc_area(judged, other), calibrated(other)
    return {
        "name": name,
        "unit": AREA,
        "ours": None if area is None else round(area[0], 4),
        "interval": None if area is None else [round(end, 4) for end in area[1:]],
        "false_over_1_ml": round(absent_figures(_absent(judged), rule).after[1], 4),
        "present_removed": round(present_figures(judged, rule).removed, 4),
    }


def figures_of(rows: Sequence[KidneyRow], model: PresenceModel | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The table of every split, by the first rule and by the model's own, and what else the results hold."""
    rules: dict[str, Rule] = {"volume": by_volume} | ({"filter": calibrated(model)} if model else {})
    table: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    for split in JUDGED:
        own = [row for row in rows if row.split == split]
        for name, rule in rules.items():
            if own:
                table += _without_targets(rows_of_figures(own, rule, f"{split}/{name}"), split, name)
        if own and model:
            table += rows_of_traits(own, calibrated(model), f"{split}/filter")
        if own and model:
            area = roc_area(own, model)
            more[split] = {
                "calibration": calibration_curve(own, model),
                "roc_area": None if area is None else [round(value, 4) for value in area],
            }
    fitted = [row for row in rows if row.split == "fit"]
    if fitted and model:
        held_out = [row for row in rows if row.split == "held_out"]
        table += by_cost(held_out, model)
        table += ablation(fitted, held_out, model)
    return table, more


def _without_targets(table: list[dict[str, Any]], split: str, rule: str) -> list[dict[str, Any]]:
    """Targets are for the filter on the distribution that it was fitted to; the others only show how it degrades."""
    if (split, rule) == ("held_out", "filter"):
        return table
    return [{key: value for key, value in row.items() if key not in ("target", "met")} for row in table]


def _collect(bundle: ModelBundle, folder: Path, counts: Mapping[Split, int]) -> None:
    engine = load_engine(bundle)
    for split, count in counts.items():
        done = collect(engine, split, range(count), folder)
        Console().print(f"{split}: {count} cases, {done} of them contoured now", highlight=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table, write ``benchmarks/results/kidneys.json``; exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, required=True, help="folder of rows; what is missing is contoured")
    parser.add_argument("--phantoms", type=int, default=400, help="held-out children (default 400)")
    parser.add_argument("--others", type=int, default=100, help="children of each other distribution (default 100)")
    parser.add_argument("--model", default=None, help="model id (default: the installed one)")
    options = parser.parse_args(argv)
    bundle = find_model(Settings().models_dir, options.model)
    counts: dict[Split, int] = {
        "held_out": options.phantoms,
        "other_scanner": options.others,
        "other_age": options.others,
    }
    _collect(bundle, options.rows, counts)
    table, more = figures_of(read_rows(options.rows), bundle.presence)
    show(table, more)
    path = write_results(
        "kidneys",
        "make kidneys",
        table,
        model=bundle.id,
        weights_sha256=bundle.weights_sha256,
        filter=None if bundle.presence is None else bundle.presence.card,
        **more,
    )
    Console().print(f"written: {path}")
    return 0 if all(row.get("met", True) for row in table) else 1


if __name__ == "__main__":
    sys.exit(main())
