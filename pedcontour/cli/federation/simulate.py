"""`pedcontour federation simulate`: a whole run on one machine, each site a process of its own."""

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from pedcontour.cli.console import EXIT_CANCELLED, AsJson, err, out, print_json, told
from pedcontour.cli.federation.files import read_pairs, sigterm_interrupts
from pedcontour.cli.federation.site_processes import run_sites
from pedcontour.errors import ModelsDifferError, RequestError

if TYPE_CHECKING:
    from pedcontour.federation.trainer import RunRecord

MODELS, MODEL = "models", "federated"
SMALL = {
    "network": "quarter",
    "gpu_memory_gb": "1",
    "iterations": "20",
    "validation_iterations": "2",
    "workers": "0",
}
"""nnU-Net's options for made-up children: two cores are done in minutes."""

POLL_S = 0.5
"""Sites of one machine look more often than hospitals do."""


@told
def simulate(
    *,
    folder: Annotated[Path, typer.Option("--folder", help="Folder for everything; one that was stopped goes on.")],
    sites: Annotated[int, typer.Option("--sites", min=1, max=9, help="How many sites.")] = 2,
    store: Annotated[
        str | None, typer.Option("--store", help="Where they meet; without it, a folder. As for `federation join`.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="A site's nnU-Net dataset folder, once a site; without it, made-up children."),
    ] = None,
    cases: Annotated[int, typer.Option("--cases", min=1, help="How many made-up children a site has.")] = 4,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds in all.")] = 3,
    local_epochs: Annotated[int, typer.Option("--local-epochs", min=1, help="Epochs of a round at each site.")] = 1,
    trainer: Annotated[str, typer.Option("--trainer", help="As for `federation join`.")] = "nnunet",
    options: Annotated[list[str] | None, typer.Option("--set", help="An option of the trainer, name=value.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train with several sites on this machine: separate processes that share nothing but a store.

    Keys and charter are made for it. Made-up children are scanned coarsely and a small network learns from them: it
    shows the way, and draws nothing well. At the end all sites have the same model, which is exported to models/ in
    the folder. Ctrl-C stops every process.

    \b
    Example:
      pedcontour federation simulate --sites 2 --folder rehearsal
    """
    from pedcontour.federation.simulation import SimulatedRun, prepare, prepared
    from pedcontour.settings import Settings

    settings = Settings.read()
    folders = prepared(folder)
    if folders:
        err.print(f"Going on with the simulation in {escape(str(folder))}", highlight=False)
    else:
        given = _data(folder, [f"site-{number}" for number in range(1, sites + 1)], data, cases)
        place = str((folder / "store").absolute()) if store is None else store
        small = SMALL if data is None and trainer == "nnunet" else {}
        organs, chosen = _organs(next(iter(given.values()))), small | read_pairs(options or [])
        run = SimulatedRun(place, given, organs, _nnunet_version(), rounds, local_epochs, trainer, chosen)
        folders = prepare(folder, run)
    own = {"federation_poll_s": min(settings.federation_poll_s, POLL_S)}
    try:
        with sigterm_interrupts():
            run_sites(folders, settings.model_copy(update=own).environment(), _hear)
    except KeyboardInterrupt:
        err.print("Stopped, with every site's process; the same command goes on.")
        raise typer.Exit(EXIT_CANCELLED) from None
    record = _export(folders, folder / MODELS / MODEL)
    if as_json:
        print_json({"sites": list(folders), "rounds": len(record.closes), "model": record.model})
        return
    out.print(f"{len(folders)} sites, {len(record.closes)} rounds, one model:", highlight=False)
    out.print(record.model, highlight=False)
    out.print(f"Use it: pedcontour contour <series> --models-dir {escape(str(folder / MODELS))}", highlight=False)
    out.print(
        f"What each site sent: pedcontour federation log --work {escape(str(folder / 'site-1'))}", highlight=False
    )


def _data(folder: Path, names: list[str], given: list[Path] | None, cases: int) -> dict[str, Path]:
    if given is None:
        from pedcontour.cli.federation.made_up_sites import write_made_up_site

        err.print("Making up children and scanning them", highlight=False)
        return {name: write_made_up_site(folder / "data" / name, place, cases) for place, name in enumerate(names)}
    if len(given) != len(names):
        raise RequestError("--data is given once for each site, in order")
    return dict(zip(names, given, strict=True))


def _organs(data: Path) -> list[str]:
    """The organs of a dataset's labels, in order of number."""
    try:
        labels: dict[str, Any] = json.loads((data / "dataset.json").read_text("utf-8"))["labels"]
        numbered = {name: int(number) for name, number in labels.items() if name not in ("background", "ignore")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise RequestError("the first data folder has no dataset.json with plain labels") from None
    return sorted(numbered, key=numbered.__getitem__)


def _nnunet_version() -> str:
    try:
        return version("nnunetv2")
    except PackageNotFoundError:
        raise RequestError("training needs: pip install 'pedcontour[inference,federation]'") from None


def _export(folders: Mapping[str, Path], out_folder: Path) -> "RunRecord":
    """Hold all sites to one final model, and write it. Raises ``ModelsDifferError``."""
    from pedcontour.federation.evidence import write_evidence
    from pedcontour.federation.export import export
    from pedcontour.federation.overview import Overview
    from pedcontour.federation.site_folder import SiteFolder
    from pedcontour.federation.store import open_run_store
    from pedcontour.settings import Settings

    out_folder.parent.mkdir(exist_ok=True)
    opened = [SiteFolder.open(path) for path in folders.values()]
    store = open_run_store(opened[0].config.store, opened[0].charter_digest, Settings.read())
    models = {Overview(site.ear(store)).standing.model for site in opened}
    if len(models) != 1:
        raise ModelsDifferError("at the end of the simulation")
    record = export(opened[0].ear(store), opened[0].trainer(), out_folder)
    write_evidence(opened[0].ear(store), opened[0].signed_charter, out_folder)
    return record


def _hear(site: str, line: str) -> None:
    err.print(f"{site}  {escape(line)}", highlight=False, soft_wrap=True)
