"""`pedcontour federation export`: the last model, for use without the federation."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pedcontour.cli.console import AsJson, print_json, told
from pedcontour.cli.console import out as console
from pedcontour.cli.federation.files import WorkFolder


@told
def export(
    out: Annotated[Path, typer.Option("--out", help="New folder for the model, such as models/<id>.")],
    work: WorkFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the model of a finished run with its provenance: charter, chain of closes, sites, rounds, cases.

    The documents that its sites signed lie beside it, in _<id>-federation; `models verify` checks them.

    \b
    Example:
      pedcontour federation export --work kidneys --out models/kidneys-2026
    """
    from pedcontour.federation.evidence import write_evidence
    from pedcontour.federation.export import export as write
    from pedcontour.federation.site_folder import SiteFolder
    from pedcontour.federation.store import look_into_run_store
    from pedcontour.settings import Settings

    folder = SiteFolder.open(work)
    store = look_into_run_store(folder.config.store, folder.charter_digest, Settings.read())
    record = write(folder.ear(store), folder.trainer(), out)
    write_evidence(folder.ear(store), folder.signed_charter, out)
    if as_json:
        print_json({"out": str(out.absolute()), "model": record.model, "charter": record.charter_digest})
        return
    console.print(f"The model of {len(record.closes)} rounds is in {escape(str(out))}", highlight=False)
