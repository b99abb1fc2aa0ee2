"""`pedcontour federation run`: a site takes part until the model is there."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from pedcontour.cli.console import EXIT_CANCELLED, AsJson, err, out, print_json, tell_error, told
from pedcontour.cli.federation.files import WorkFolder, sigterm_interrupts
from pedcontour.cli.federation.words import waited_for, where
from pedcontour.errors import SiteElsewhereError

if TYPE_CHECKING:
    from pedcontour.federation.participant import Progress

EXIT_ELSEWHERE = 4
"""Another process runs as this site: a service manager that started this one again would stop the other."""


@told
def run(work: WorkFolder = Path(), as_json: AsJson = False) -> None:
    """Take part: fingerprint, plans, then round after round until the last model is agreed on.

    It waits for the other sites and through outages of the store. It may be stopped, killed or moved to another machine
    at any moment: run it again, and it goes on. Where the site runs elsewhere it ends with exit code 4.

    \b
    Example:
      pedcontour federation run --work kidneys
    """
    from pedcontour.federation.site_folder import SiteFolder
    from pedcontour.federation.store import awaited_run_store
    from pedcontour.federation.take_part import Patience, take_part
    from pedcontour.settings import Settings

    settings = Settings.read()
    folder = SiteFolder.open(work)
    teller = _Teller(folder.charter.rounds)
    patience = Patience(settings.federation_poll_s, settings.federation_outage_h * 3600)
    try:
        with sigterm_interrupts():
            store = awaited_run_store(folder.config.store, folder.charter_digest, settings)
            end = take_part(folder, store, patience, teller.tell)
    except SiteElsewhereError as error:
        tell_error(error, as_json=as_json)
        raise typer.Exit(EXIT_ELSEWHERE) from None
    except KeyboardInterrupt:
        err.print("Stopped; run it again to go on.")
        raise typer.Exit(EXIT_CANCELLED) from None
    if as_json:
        print_json({"site": folder.config.site, "rounds": end.round, "model": end.model})
        return
    out.print(f"All {end.round} rounds are done. The model's digest, the same at every site:", highlight=False)
    out.print(f"{end.model}", highlight=False)
    out.print(f"Next: pedcontour federation export --work {escape(str(work))} --out models/<id>", highlight=False)


class _Teller:
    """Prints a line to standard error whenever the site stands elsewhere than before."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self._last = ""

    def tell(self, progress: "Progress") -> None:
        line = where(progress.stage, progress.round, self._rounds)
        if waiting := waited_for(progress.waiting_for, progress.since):
            line = f"{line}, {waiting}"
        if line != self._last:
            self._last = line
            err.print(f"{datetime.now().astimezone():%H:%M:%S}  {escape(line)}", highlight=False, soft_wrap=True)
