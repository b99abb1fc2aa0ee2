"""A result shown on the terminal: every organ with what became of it, then the files."""

from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pedcontour.cli.console import out
from pedcontour.organs import all_organs
from pedcontour.outputs import TG263, review_name
from pedcontour.verdicts import DRAWN, LOUD, Verdict

RoiNameOf = Callable[[str], str]
"""Gives the ROI name of an organ id."""

FILES = {
    "rtstruct.dcm": "RTSTRUCT",
    "seg.dcm": "SEG",
    "report.json": "report",
    "preview.png": "picture",
}
"""What the files of a result are called when spoken of, in the order in which they are listed."""


def show_result(
    verdicts: Iterable[Verdict], warnings: Iterable[str], folder: Path, roi_name: RoiNameOf = TG263.name_of
) -> None:
    """Print the verdicts, the warnings, and where the files lie; ``roi_name`` gives an organ's name in the files."""
    show_verdicts(out, verdicts, warnings, roi_name)
    out.print("[yellow]AI-generated, not reviewed. Not for clinical use without local validation.[/]")
    show_files(folder)


def show_verdicts(
    console: Console, verdicts: Iterable[Verdict], warnings: Iterable[str], roi_name: RoiNameOf = TG263.name_of
) -> None:
    """Print what became of every organ, and the warnings."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("organ")
    table.add_column("ROI", style="dim")
    table.add_column("mL", justify="right")
    table.add_column("outcome")
    known = all_organs()
    for verdict in verdicts:
        organ, outcome = known[verdict.organ], verdict.outcome
        drawn = outcome in DRAWN
        beside = f" ({review_name(roi_name(organ.id))}: {verdict.review_ml:.1f} mL)" if verdict.review_ml else ""
        swatch = f"[rgb({','.join(map(str, organ.colour))})]■[/]" if drawn else "[dim]□[/]"
        words = outcome.replace("_", " ")
        table.add_row(
            swatch,
            organ.name if drawn else f"[dim]{organ.name}[/]",
            escape(roi_name(organ.id)),
            f"{verdict.volume_ml:.1f}" if drawn else "",
            f"[yellow]{words}{escape(beside)}[/]" if outcome in LOUD else words if drawn else f"[dim]{words}[/]",
        )
    console.print(table)
    for warning in warnings:
        console.print(f"[yellow]![/] {escape(warning)}", highlight=False)


def show_files(folder: Path) -> None:
    """Print where each file of a result lies."""
    for name, word in FILES.items():
        if (folder / name).is_file():
            out.print(f"  {word:<9} {escape(str(folder / name))}", highlight=False, soft_wrap=True)
