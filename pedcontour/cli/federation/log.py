"""`pedcontour federation log`: what happened, round by round."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from pedcontour.cli.console import AsJson, out, print_json, told
from pedcontour.cli.federation.files import WorkFolder
from pedcontour.cli.federation.words import local, megabytes

if TYPE_CHECKING:
    from pedcontour.federation.overview import RoundView, SiteRound

FIGURES = ("loss", "dsc")


@told
def log(
    work: WorkFolder = Path(),
    last: Annotated[int, typer.Option("--last", min=1, help="How many of the last rounds.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the last rounds: each site's cases, training loss, validation DSC and bytes sent.

    --json has every figure that a site's trainer reported.

    \b
    Example:
      pedcontour federation log --work kidneys --last 5
    """
    from pedcontour.federation.overview import Overview
    from pedcontour.federation.site_folder import SiteFolder
    from pedcontour.federation.store import look_into_run_store
    from pedcontour.settings import Settings

    folder = SiteFolder.open(work)
    store = look_into_run_store(folder.config.store, folder.charter_digest, Settings.read())
    rounds = Overview(folder.ear(store)).rounds(last)
    if as_json:
        print_json({"run": folder.charter.run, "rounds": [_as_json(one) for one in rounds]})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("round", "closed", "site"):
        table.add_column(heading)
    for heading in ("cases", *FIGURES, "sent", "counts"):
        table.add_column(heading, justify="right")
    for one in rounds:
        for place, update in enumerate(one.updates):
            table.add_row(*_row(one, update, first=place == 0))
    out.print(table)


def _row(one: "RoundView", update: "SiteRound", *, first: bool) -> tuple[str, ...]:
    closed = f"{local(one.closed_at)} by {one.closed_by}" if one.closed_at else "open"
    figures = (f"{float(update.figures[name]):.4f}" if name in update.figures else "-" for name in FIGURES)
    counts = {None: "", True: "yes", False: "late"}[update.counts]
    beginning = (str(one.number), closed) if first else ("", "")
    return (*beginning, update.site, str(update.cases), *figures, megabytes(update.sent_bytes), counts)


def _as_json(one: "RoundView") -> dict[str, Any]:
    return asdict(one) | {"closed_at": one.closed_at.isoformat() if one.closed_at else None}
