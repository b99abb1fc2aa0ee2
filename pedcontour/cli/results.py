"""A result shown on the terminal: every organ with what became of it, then the files."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pedcontour.cli.console import out
from pedcontour.organs import all_organs
from pedcontour.verdicts import DRAWN, LOUD, Verdict

FILES = {
    "rtstruct.dcm": "RTSTRUCT",
    "seg.dcm": "SEG",
    "report.json": "report",
    "preview.png": "picture",
}
"""What the files of a result are called when spoken of, in the order in which they are listed."""


def show_result(verdicts: Iterable[Verdict], warnings: Iterable[str], folder: Path) -> None:
    """Print the verdicts, the warnings, and where the files lie."""
    show_verdicts(out, verdicts, warnings)
    out.print("[yellow]AI-generated, not reviewed. Not for clinical use without local validation.[/]")
    show_files(folder)


def show_verdicts(console: Console, verdicts: Iterable[Verdict], warnings: Iterable[str]) -> None:
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
        swatch = f"[rgb({','.join(map(str, organ.colour))})]■[/]" if drawn else "[dim]□[/]"
        words = outcome.replace("_", " ")
        table.add_row(
            swatch,
            organ.name if drawn else f"[dim]{organ.name}[/]",
            organ.tg263,
            f"{verdict.volume_ml:.1f}" if drawn else "",
            f"[yellow]{words}[/]" if outcome in LOUD else words if drawn else f"[dim]{words}[/]",
        )
    console.print(table)
    for warning in warnings:
        console.print(f"[yellow]![/] {escape(warning)}", highlight=False)


def show_files(folder: Path) -> None:
    """Print where each file of a result lies."""
    for name, word in FILES.items():
        if (folder / name).is_file():
            out.print(f"  {word:<9} {escape(str(folder / name))}", highlight=False, soft_wrap=True)
