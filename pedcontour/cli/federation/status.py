"""`pedcontour federation status`: where a run stands."""

from dataclasses import asdict
from pathlib import Path

from rich.markup import escape

from pedcontour.cli.console import AsJson, out, print_json, told
from pedcontour.cli.federation.files import WorkFolder
from pedcontour.cli.federation.words import waited_for, where


@told
def status(work: WorkFolder = Path(), as_json: AsJson = False) -> None:
    """Show where the run stands: the round, who is waited for, since when.

    Any site may ask at any time, also while `federation run` goes on. Everything shown was checked.

    \b
    Example:
      pedcontour federation status --work kidneys
    """
    from pedcontour.federation.overview import Overview
    from pedcontour.federation.site_folder import SiteFolder
    from pedcontour.federation.store import look_into_run_store
    from pedcontour.settings import Settings

    folder = SiteFolder.open(work)
    store = look_into_run_store(folder.config.store, folder.charter_digest, Settings.read())
    standing = Overview(folder.ear(store)).standing
    if as_json:
        since = standing.since.isoformat() if standing.since else None
        run = {"run": folder.charter.run, "site": folder.config.site, "rounds": folder.charter.rounds}
        print_json(run | asdict(standing) | {"since": since})
        return
    out.print(f"[bold]{escape(folder.charter.run)}[/], seen from {escape(folder.config.site)}", highlight=False)
    out.print(escape(where(standing.stage, standing.round, folder.charter.rounds)), highlight=False)
    if waiting := waited_for(standing.waiting_for, standing.since):
        out.print(escape(waiting), highlight=False)
    if standing.cases:
        counted = ", ".join(f"{site} {cases}" for site, cases in standing.cases.items())
        out.print(f"cases: {escape(counted)}", highlight=False)
    if standing.model:
        out.print(f"last global model: {standing.model}", highlight=False, soft_wrap=True)
