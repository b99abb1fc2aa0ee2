"""`python -m pedcontour.calibration`: collect evidence with a network, fit its absence filter."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pedcontour.bundle import find_model
from pedcontour.bundle.presence import PRESENCE_NAME
from pedcontour.calibration.cases import SPLITS
from pedcontour.calibration.costs import Costs
from pedcontour.calibration.fit import Recipe, fit_presence
from pedcontour.calibration.install import install_presence
from pedcontour.calibration.rows import read_rows
from pedcontour.errors import ModelError
from pedcontour.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
Rows = Annotated[Path, typer.Option("--rows", help="Folder of rows; keep it outside the repository.")]
Model = Annotated[str | None, typer.Option("--model", help="Model id; the installed one when not given.")]


@app.command()
def collect(
    rows: Rows,
    split: Annotated[str, typer.Option(help=f"Which children: {', '.join(SPLITS)}.")] = "fit",
    count: Annotated[int, typer.Option(min=1, help="Cases 0 to count - 1.")] = 400,
    shard: Annotated[int, typer.Option(min=0, help="This process's number, from 0.")] = 0,
    shards: Annotated[int, typer.Option(min=1, help="How many processes share the work.")] = 1,
    model: Model = None,
) -> None:
    """Contour made-up children and write a row for each side; goes on where it stopped.

    \b
    Example, two processes:
      python -m pedcontour.calibration collect --rows ~/rows --split fit --count 800 --shards 2 --shard 0 &
      python -m pedcontour.calibration collect --rows ~/rows --split fit --count 800 --shards 2 --shard 1
    """
    from pedcontour.calibration.collect import collect as collect_rows
    from pedcontour.inference.choice import load_engine

    if split not in SPLITS:
        raise typer.BadParameter(f"one of {', '.join(SPLITS)}")
    engine = load_engine(find_model(Settings().models_dir, model))
    done = collect_rows(engine, split, range(shard, count, shards), rows)
    Console().print(f"{done} cases contoured, rows in {rows / split}")


@app.command()
def fit(
    rows: Rows,
    model: Model = None,
    removed_present: Annotated[float, typer.Option(help="Cost of a real kidney taken away, with its warning.")] = 1.0,
    kept_absent: Annotated[float, typer.Option(help="Cost of a false kidney that passes.")] = 1.0,
    flagged_absent: Annotated[float, typer.Option(help="Cost of a false kidney kept with a flag.")] = 0.5,
    look: Annotated[float, typer.Option(help="Cost of looking at a flag.")] = 0.1,
) -> None:
    """Fit the filter to the rows of the split `fit` and put it beside the model, as kidneys.json.

    Its line among the model's checksums is written anew, so the model's digest changes. A filter that the model cannot
    use is refused, and the model stays as it was.
    """
    bundle = find_model(Settings().models_dir, model)
    card = {"fitted_on": "made-up children, split fit", "weights_sha256": bundle.weights_sha256}
    try:
        recipe = Recipe(Costs(removed_present, kept_absent, flagged_absent, look), card=card)
        presence = fit_presence([row for row in read_rows(rows) if row.split == "fit"], recipe)
        install_presence(bundle, presence)
    except (ValueError, ModelError) as error:
        raise typer.BadParameter(str(error)) from None
    path = bundle.folder / PRESENCE_NAME
    Console().print(f"{path}: {presence.card['real_kidneys']} real and {presence.card['false_kidneys']} false kidneys")


if __name__ == "__main__":
    app()
