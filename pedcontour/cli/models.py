"""`pedcontour models`: what is installed, whether it is intact, and how another one gets in."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table

from pedcontour.bundle import ModelBundle, find_model, scan_models, verify_bundle
from pedcontour.bundle.axes import ORIENTATION_ASSUMED
from pedcontour.cli.console import AsJson, err, out, print_json, told
from pedcontour.cli.contour import ModelsFolder
from pedcontour.errors import RequestError
from pedcontour.organs import all_organs
from pedcontour.settings import Settings

models = typer.Typer(help="List, show, verify and import models.", no_args_is_help=True)

ASSUMED = (
    "The orientation of its training images was assumed to be {axes}: nnU-Net does not write it down, and a wrong one "
    "swaps left and right. Look at a result, or import again with --orientation."
)

Id = Annotated[str, typer.Argument(help="Model id.", show_default=False)]


def _root(models_dir: Path | None) -> Path:
    return models_dir or Settings.read().models_dir


@models.command("list")
@told
def list_models(models_dir: ModelsFolder = None, as_json: AsJson = False) -> None:
    """List the installed models.

    \b
    Examples:
      pedcontour models list
      pedcontour models list --json
    """
    shelf = scan_models(_root(models_dir))
    if as_json:
        refused = [
            {"folder": name, "code": error.code, "detail": error.detail} for name, error in shelf.refused.items()
        ]
        print_json({"models": [_facts(bundle) for bundle in shelf.models], "refused": refused})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("id", "version", "organs", "digest", "name"):
        table.add_column(column, justify="right" if column == "organs" else "left")
    for bundle in shelf.models:
        table.add_row(bundle.id, bundle.version, str(len(bundle.organs)), bundle.digest[:12], bundle.name)
    if shelf.models:
        out.print(table)
    else:
        out.print(f"No model is installed in {escape(str(_root(models_dir)))}.", highlight=False)
    for name, error in shelf.refused.items():
        out.print(f"[yellow]![/] {escape(name)}: {escape(str(error))}", highlight=False)


@models.command("show")
@told
def show_model(model: Id, models_dir: ModelsFolder = None, as_json: AsJson = False) -> None:
    """Show what a model draws, where it comes from, and its card.

    \b
    Example:
      pedcontour models show upper-abdomen
    """
    bundle = find_model(_root(models_dir), model)
    if as_json:
        print_json({**_facts(bundle), "card": bundle.card})
        return
    out.print(f"[bold]{escape(bundle.name)}[/]  {escape(bundle.id)} {escape(bundle.version)}", highlight=False)
    out.print(f"digest   {bundle.digest}", highlight=False)
    out.print(f"licence  {escape(bundle.licence)}", highlight=False)
    out.print(f"for      {escape(bundle.intended_use)}", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("label", "organ", "ROI"):
        table.add_column(column)
    for label, organ in sorted(bundle.organs.items()):
        table.add_row(str(label), all_organs()[organ].name, all_organs()[organ].tg263)
    out.print(table)
    out.print(Markdown(bundle.card))


@models.command("verify")
@told
def verify_model(
    model: Annotated[str | None, typer.Argument(help="Model id; without it, every model.")] = None,
    models_dir: ModelsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Check every byte of a model, or of all models, against its checksums; a federation's against what it agreed on.

    \b
    Examples:
      pedcontour models verify
      pedcontour models verify upper-abdomen
    """
    from pedcontour.federation.provenance import check_provenance

    root = _root(models_dir)
    if model is None:
        shelf = scan_models(root)
        for error in shelf.refused.values():
            raise error
        bundles: tuple[ModelBundle, ...] = shelf.models
    else:
        bundles = (find_model(root, model),)
    provenance: dict[str, str] = {}
    for bundle in bundles:
        verify_bundle(bundle)
        provenance[bundle.id] = check_provenance(bundle)
        if not as_json:
            out.print(f"[green]intact[/]  {escape(bundle.id)}  {bundle.digest}", highlight=False)
            out.print(f"        {escape(provenance[bundle.id])}", highlight=False, soft_wrap=True)
    if as_json:
        intact = [{"id": one.id, "digest": one.digest, "provenance": provenance[one.id]} for one in bundles]
        print_json({"intact": intact})


@models.command("import")
@told
def import_model(
    source: Annotated[Path, typer.Argument(help="nnU-Net v2 results folder or exported zip.", exists=True)],
    *,
    model_id: Annotated[str, typer.Option("--id", help="Id of the new model, such as my-abdomen.", show_default=False)],
    labels: Annotated[
        Path | None, typer.Option(help='TOML or JSON: a line `"label name" = "organ"` (or "drop") a label.')
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name in words.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the weights.")] = "unknown",
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
    intended_use: Annotated[str | None, typer.Option(help="What it may be used for, in a sentence.")] = None,
    card: Annotated[Path | None, typer.Option(help="Model card in Markdown.")] = None,
    configuration: Annotated[str | None, typer.Option(help="Which of several: 3d_fullres, 3d_lowres.")] = None,
    fold: Annotated[
        list[str] | None, typer.Option(help='Which of several folds: a number or "all"; given often, their mean draws.')
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help='"final" or "best"; final is preferred.')] = None,
    orientation: Annotated[
        str | None, typer.Option(help="Where slices, rows and columns of the training images point, such as SPL.")
    ] = None,
    models_dir: ModelsFolder = None,
    as_json: AsJson = False,
) -> None:
    """Turn a trained nnU-Net v2 3D network into a model folder.

    Weights are read without unpickling code; class names in plans.json must be
    on the allow-list.

    \b
    Examples:
      pedcontour models import results/Dataset501_Child/ --id my-abdomen
      pedcontour models import export.zip --id my-abdomen --labels labels.toml
      pedcontour models import results/ --id my-abdomen --fold 0 --orientation SAR
      pedcontour models import results/ --id my-abdomen --fold 0 --fold 1 --fold 2
    """
    from pedcontour.bundle.labels import read_label_mapping
    from pedcontour.inference.nnunet_import import About, import_nnunet
    from pedcontour.inference.nnunet_source import Choice

    about = About(name, version, licence, axes=orientation, card=_text(card) if card else None)
    if intended_use:
        about = replace(about, intended_use=intended_use)
    mapping = read_label_mapping(labels) if labels else None
    choice = Choice(configuration, tuple(fold or ()), checkpoint)
    bundle = import_nnunet(
        source, _root(models_dir), model_id=model_id, organ_of_label=mapping, choice=choice, about=about
    )
    if as_json:
        print_json(_facts(bundle))
    else:
        out.print(f"[green]installed[/]  {escape(bundle.id)} in {escape(str(bundle.folder))}", highlight=False)
        if bundle.provenance.get("orientation") == ORIENTATION_ASSUMED:
            err.print(ASSUMED.format(axes=bundle.axes), style="yellow", highlight=False)


def _facts(bundle: ModelBundle) -> dict[str, Any]:
    return {
        "id": bundle.id,
        "name": bundle.name,
        "version": bundle.version,
        "digest": bundle.digest,
        "licence": bundle.licence,
        "intended_use": bundle.intended_use,
        "organs": {str(label): organ for label, organ in sorted(bundle.organs.items())},
    }


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise RequestError(f"{path.name} is not a readable text file") from None
