"""How the figures of the absence filter are printed."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

ABSENT, PRESENT, AREA, COST = (
    "share with a false kidney over 1 mL",
    "share of drawn kidneys removed",
    "area under the ROC curve",
    "share of empty beds with over 1 mL by cost",
)
NAME, TARGET = ("split / rule / group", "name"), (("target", "target"), ("", "met"))
TABLES: tuple[tuple[str, tuple[tuple[str, str], ...], str], ...] = (
    (
        "Empty beds: share with more than 0, 1, 5 mL drawn, and median mL of what was drawn",
        (
            NAME,
            ("n", "n"),
            ("before", "before_0_1_5_ml"),
            ("after", "after_0_1_5_ml"),
            ("> 1 mL, no flag", "unflagged"),
            ("median before", "median_before_ml"),
            ("after", "median_after_ml"),
            *TARGET,
        ),
        ABSENT,
    ),
    (
        "Kidneys: share removed, flagged, told to be a part; and what was drawn elsewhere than the kidney",
        (
            NAME,
            ("drawn", "n"),
            ("removed", "ours"),
            ("95 %", "interval"),
            ("flagged", "flagged"),
            ("a part", "told_partial"),
            ("median truth mL", "median_truth_ml"),
            ("after", "median_after_ml"),
            ("elsewhere", "misdrawn"),
            ("of these removed", "misdrawn_removed"),
            *TARGET,
        ),
        PRESENT,
    ),
    (
        "What a dearer removal would do to held-out children",
        (NAME, ("false over 1 mL", "ours"), ("present removed", "present_removed"), ("present flagged", "flagged")),
        COST,
    ),
    (
        "Ablation on held-out children",
        (
            NAME,
            ("ROC area", "ours"),
            ("95 %", "interval"),
            ("false over 1 mL", "false_over_1_ml"),
            ("present removed", "present_removed"),
        ),
        AREA,
    ),
)
"""Title, columns with the key of their values, and the unit of the rows that a table shows."""


def show(table: Sequence[Mapping[str, Any]], more: Mapping[str, Any]) -> None:
    """Print the figures: of empty beds, of kidneys, of the probabilities, and of the ablation."""
    console = Console(width=150)
    for title, columns, kind in TABLES:
        printed = Table(*(column for column, _ in columns), title=title)
        for row in table:
            if row["unit"] == kind:
                printed.add_row(*(_cell(row.get(key)) for _, key in columns))
        if printed.row_count:
            console.print(printed)
    for split, found in more.items():
        area = found["roc_area"]
        if area is not None:
            console.print(f"{split}: area under the ROC curve {area[0]:.3f} ({area[1]:.3f} to {area[2]:.3f})")
        for point in found["calibration"]:
            console.print(f"  predicted {point['predicted']:.2f}, real {point['real']:.2f}, of {point['n']}")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "met" if value else "NOT MET"
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(_cell(each) for each in value) if isinstance(value, list) else str(value)
