"""`pedcontour federation join`: a site's folder for one run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pedcontour.cli.console import AsJson, out, print_json, told
from pedcontour.cli.federation.files import KeyFile, read_file, read_pairs
from pedcontour.errors import RequestError


@told
def join(
    *,
    store: Annotated[
        str,
        typer.Option(
            "--store",
            help="Where the sites meet: a folder, s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or "
            "webdavs://host/path. It holds no credentials.",
        ),
    ],
    charter: Annotated[Path, typer.Option("--charter", help="The charter that all sites signed.")],
    keys: KeyFile,
    data: Annotated[Path, typer.Option("--data", help="This site's nnU-Net dataset folder; nothing of it is sent.")],
    work: Annotated[Path, typer.Option("--work", help="New folder for all that this site keeps of the run.")],
    trainer: Annotated[
        str, typer.Option("--trainer", help="nnunet, or module:function of a trainer of your own.")
    ] = "nnunet",
    options: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the trainer, name=value; repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prepare this site's folder: check charter, keys, store and data, and write down where they are.

    Nothing is published yet; `federation run` begins. Later commands need the folder alone.

    \b
    Example:
      pedcontour federation join --store s3://kidneys/2026 --charter charter-signed.dsse \\
        --keys utrecht.keys --data Dataset101_Utrecht --work kidneys
    """
    from pedcontour.federation.keys import read_keys
    from pedcontour.federation.room import Beliefs
    from pedcontour.federation.site_folder import SiteConfig, SiteFolder, site_of
    from pedcontour.federation.store import open_run_store
    from pedcontour.settings import Settings

    signed = read_file(charter)
    beliefs = Beliefs(signed)
    site = site_of(read_keys(keys), beliefs)
    place = store if "://" in store else str(Path(store).absolute())
    open_run_store(place, beliefs.charter_digest, Settings.read())
    if not data.is_dir():
        raise RequestError("the data folder is not there")
    config = SiteConfig(site, place, trainer, str(keys.absolute()), str(data.absolute()), read_pairs(options or []))
    cases = SiteFolder(work, config, signed).trainer().count_cases()
    SiteFolder.create(work, config, signed)
    if as_json:
        print_json({"site": site, "run": beliefs.charter.run, "cases": cases, "work": str(work.absolute())})
        return
    out.print(f"[bold]{escape(site)}[/] joins {escape(beliefs.charter.run)} with {cases} cases.", highlight=False)
    out.print(f"Begin, or go on, with: pedcontour federation run --work {escape(str(work))}", highlight=False)
