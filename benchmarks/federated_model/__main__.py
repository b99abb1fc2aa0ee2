"""``python -m benchmarks.federated_model``: two hospitals, one network trained four ways, and who draws whom how well.

In order: cases, train, judge, ship. Every step goes on where it stopped, also after a kill. Hours on two cores.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer

from benchmarks.federated_model.arms import ARMS, WorkFolder
from benchmarks.federated_model.data import write_data
from benchmarks.federated_model.judging import judge as judge_models
from benchmarks.federated_model.judging import load_models
from benchmarks.federated_model.page import claims_of, page_of
from benchmarks.federated_model.shipping import ship as ship_model
from benchmarks.federated_model.table import rows_of
from benchmarks.federated_model.training import Schedule, read_schedule
from benchmarks.federated_model.training import train as train_arms
from benchmarks.results_file import RESULTS, write_results
from pedcontour.datasets.nifti import read_nifti
from pedcontour.datasets.torso import TorsoTemplate
from pedcontour.inference.choice import EngineChoice
from pedcontour.training.hospitals import Patients

NAME = "federated-model"
PAGE = Path(__file__).parents[2] / "docs" / "federation-results.md"

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
Work = Annotated[Path, typer.Option("--work", help="Folder for everything; keep it outside the repository.")]
Device = Annotated[Literal["cpu", "cuda"], typer.Option("--device", help="Where the network runs.")]


@app.command()
def cases(
    *,
    work: Work,
    children: Annotated[int, typer.Option(help="Made-up children of each hospital.")] = 60,
    torsos: Annotated[int, typer.Option(help="Variations of the torso at each hospital.")] = 30,
    torso: Annotated[Path | None, typer.Option(help="CT of the torso, NIfTI.", exists=True)] = None,
    torso_labels: Annotated[Path | None, typer.Option(help='Its TotalSegmentator "total" labels.', exists=True)] = None,
) -> None:
    """Write the data sets of both hospitals, and the pooled one; without --torso they are phantoms alone."""
    template = _template(torso, torso_labels) if torso and torso_labels else None
    for site, count in write_data(WorkFolder(work), Patients(children, torsos, template)).items():
        print(f"{site}: {count} cases")


@app.command()
def train(  # noqa: PLR0913 - typer's options are the parameters
    *,
    work: Work,
    start: Annotated[Path | None, typer.Option(help="Model folder that all arms begin with.", exists=True)] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of the federation.")] = Schedule.rounds,
    local_epochs: Annotated[int, typer.Option(min=1, help="Epochs of a round.")] = Schedule.local_epochs,
    iterations: Annotated[int, typer.Option(min=1, help="Iterations of an epoch.")] = Schedule.iterations,
    optimizer: Annotated[Literal["sgd", "adamw"], typer.Option(help="Of every arm.")] = "adamw",
    learning_rate: Annotated[float, typer.Option(help="The highest one.")] = Schedule.learning_rate,
    device: Device = "cpu",
    workers: Annotated[int, typer.Option(min=0, help="Processes that augment, for each site.")] = Schedule.workers,
) -> None:
    """Train all arms from one first model, each with the same iterations at each of its sites, and export them."""
    schedule = Schedule(start, rounds, local_epochs, iterations, optimizer, learning_rate, device, workers)
    train_arms(WorkFolder(work), schedule, lambda site, line: print(f"{site}  {line}", flush=True))
    print(f"trained: {', '.join(arm.name for arm in ARMS)}, in {WorkFolder(work).models}")


@app.command()
def judge(
    *,
    work: Work,
    count: Annotated[int, typer.Option("--cases", min=2, help="Held-out patients of each hospital.")] = 30,
    device: Device = "cpu",
) -> None:
    """Contour held-out patients with every arm's model; write the results, and their page in docs/."""
    place = WorkFolder(work)
    models, schedule = load_models(place), read_schedule(place)
    rows = rows_of(judge_models(place, count, EngineChoice(device=device)))
    digests = {name: bundle.weights_sha256 for name, bundle in models.items()}
    command = f"python -m benchmarks.federated_model judge --cases {count}"
    path = write_results(NAME, command, rows, cases=count, schedule=schedule, weights_sha256=digests)
    PAGE.write_text(page_of(json.loads(path.read_text())))
    print("\n".join(claims_of(rows)))
    print(f"written: {path}, {PAGE}")


@app.command()
def ship(work: Work) -> None:
    """Write models/pedcontour-small in the working folder: the federated model, with a card from the results."""
    results = json.loads((RESULTS / f"{NAME}.json").read_text())
    bundle = ship_model(WorkFolder(work), results)
    print(f"{bundle.id} {bundle.version}: {bundle.folder}")


def _template(torso: Path, labels: Path) -> TorsoTemplate:
    return TorsoTemplate.of(read_nifti(torso), read_nifti(labels).voxels.astype(np.uint8))


if __name__ == "__main__":
    app()
