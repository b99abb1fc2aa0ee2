"""`python -m pedcontour.training`: make the cases, preprocess them, train; every step goes on where it stopped."""

from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from pedcontour.bundle import load_bundle
from pedcontour.datasets.children import training_child
from pedcontour.datasets.nifti import read_nifti
from pedcontour.datasets.torso import TorsoTemplate, warp_torso
from pedcontour.training import run
from pedcontour.training.dataset import write_raw_dataset

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
Work = Annotated[Path, typer.Option("--work", help="Working folder; keep it outside the repository.")]
Workers = Annotated[int, typer.Option("--workers", help="Processes that prepare data.")]


@app.command()
def cases(
    work: Work,
    children: Annotated[int, typer.Option(help="How many made-up children.")] = 180,
    torsos: Annotated[int, typer.Option(help="How many variations of the torso.")] = 90,
    first_seed: Annotated[int, typer.Option(help="First seed of each kind; another adds cases.")] = 0,
    torso: Annotated[Path | None, typer.Option(help="CT of the torso, NIfTI.", exists=True)] = None,
    torso_labels: Annotated[Path | None, typer.Option(help='Its TotalSegmentator "total" labels.', exists=True)] = None,
) -> None:
    """Write the raw cases: made-up children, and variations of a labelled torso when one is given.

    \b
    Example:
      python -m pedcontour.training cases --work ~/train --torso ct.nii.gz --torso-labels total.nii.gz
    """
    seeds = range(first_seed, first_seed + max(children, torsos))
    recipes = [(f"child_{seed:05d}", partial(training_child, seed)) for seed in seeds[:children]]
    if torso and torso_labels:
        labels = read_nifti(torso_labels).voxels.astype(np.uint8)
        image = read_nifti(torso)
        template = TorsoTemplate.of(image, labels)
        recipes += [(f"torso_{seed:05d}", partial(warp_torso, template, seed)) for seed in seeds[:torsos]]
    count = write_raw_dataset(run.TrainingFolders(work).raw, recipes)
    Console().print(f"{count} cases in {work}")


@app.command()
def preprocess(work: Work, workers: Workers = 2) -> None:
    """Run nnU-Net's fingerprint, planning and preprocessing with the small network's plan."""
    run.preprocess(run.TrainingFolders(work), workers)


@app.command()
def train(
    work: Work,
    epochs: Annotated[int, typer.Option(help="Epochs of 50 iterations, over all runs together.")] = 60,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    workers: Workers = 1,
    start: Annotated[Path | None, typer.Option(help="Model folder whose weights to begin with.", exists=True)] = None,
) -> None:
    """Train, or go on training; then `pedcontour models import` turns nnU-Net's results folder into a model."""
    folders = run.TrainingFolders(work)
    run.train(folders, epochs, device, workers=workers, start=load_bundle(start) if start else None)
    Console().print(f"trained: {folders.results}")


if __name__ == "__main__":
    app()
