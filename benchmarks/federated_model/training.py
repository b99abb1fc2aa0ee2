"""Train the arms, each on its own data and all by one schedule, from one first model; and export what they came to."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.federated_model.arms import TOGETHER, Arm, WorkFolder
from pedcontour.bundle import load_bundle, verify_bundle
from pedcontour.cli.federation.site_processes import run_sites
from pedcontour.errors import RequestError
from pedcontour.federation.evidence import evidence_of
from pedcontour.federation.provenance import check_provenance, digest_of_bundle
from pedcontour.federation.simulation import SimulatedRun, export_simulated, prepare, prepared
from pedcontour.organs import all_organs
from pedcontour.settings import Settings
from service.confinement import tie_to_parent

POLL_S = 0.5
"""Sites of one machine look more often than hospitals do."""

RUN = "hospitals"
FIXED = {"network": "small", "spacing_mm": "3,3,3", "fold": "all", "foreground": "0.67", "fast_cpu": "true"}
"""What no schedule changes: the shipped network's plan; and all cases are trained on, since tests are others."""

Hear = Callable[[str, str], None]


@dataclass(frozen=True)
class Schedule:
    """How every arm is trained: ``rounds`` of ``local_epochs`` of ``iterations``, each of one patch, at every site.

    ``start`` is the model folder that all begin with; without it, one seed draws the first model of all.
    """

    start: Path | None = None
    rounds: int = 20
    local_epochs: int = 2
    iterations: int = 40
    optimizer: str = "adamw"
    learning_rate: float = 5e-4
    device: str = "cpu"
    workers: int = 0

    @property
    def total(self) -> int:
        """Iterations of an arm at each of its sites."""
        return self.rounds * self.local_epochs * self.iterations

    def first_model(self) -> str | None:
        """The digest of the model to begin with."""
        return None if self.start is None else digest_of_bundle(load_bundle(self.start))

    def start_model(self) -> str | None:
        """Id and version of the model to begin with."""
        bundle = None if self.start is None else load_bundle(self.start)
        return None if bundle is None else f"{bundle.id} {bundle.version}"

    def options(self) -> dict[str, str]:
        """The options of every site's trainer."""
        chosen = {
            "iterations": str(self.iterations),
            "validation_iterations": "2",
            "optimizer": self.optimizer,
            "learning_rate": repr(self.learning_rate),
            "device": self.device,
            "workers": str(self.workers),
        }
        return FIXED | chosen | ({} if self.start is None else {"start": str(self.start.resolve())})


def fix(work: WorkFolder, schedule: Schedule) -> None:
    """Note how the arms are trained. Raises ``RequestError`` when some were trained by another schedule."""
    said = asdict(schedule) | {"start": schedule.first_model(), "start_model": schedule.start_model()}
    if work.schedule.exists() and (before := read_schedule(work)) != said:
        odd = sorted(name for name in said if before.get(name) != said[name])
        raise RequestError(f"the arms in this folder are trained with another {', '.join(odd)}; take another folder")
    work.root.mkdir(parents=True, exist_ok=True)
    work.schedule.write_text(json.dumps(said, indent=1))


def read_schedule(work: WorkFolder) -> dict[str, object]:
    """The schedule that was fixed, with the digest of the model to begin with as its ``start``."""
    said: dict[str, object] = json.loads(work.schedule.read_text())
    return said


def train(work: WorkFolder, schedule: Schedule, hear: Hear) -> None:
    """Train and export all arms; what is done is not done again, and what was broken off goes on.

    Raises ``FederationError`` when a site fails.
    """
    fix(work, schedule)
    settings = Settings.read()
    settings = settings.model_copy(update={"federation_poll_s": min(settings.federation_poll_s, POLL_S)})
    for arms in TOGETHER:
        waiting = {arm: _folders(work, arm, schedule) for arm in arms if not (work.models / arm.name).exists()}
        sites = {f"{arm.name}/{site}": path for arm, folders in waiting.items() for site, path in folders.items()}
        run_sites(sites, settings.environment() | _threads(len(sites)), hear, tie_to_parent)
        for arm, folders in waiting.items():
            _export(work, arm, folders, settings)


def _folders(work: WorkFolder, arm: Arm, schedule: Schedule) -> dict[str, Path]:
    """Each site's folder, as it was left or made now."""
    folder = work.arm(arm)
    run = SimulatedRun(
        store=str((folder / "store").absolute()),
        data={site: work.data(site) for site in arm.sites},
        organs=tuple(all_organs()),
        nnunet_version=version("nnunetv2"),
        rounds=schedule.rounds,
        local_epochs=schedule.local_epochs,
        options=schedule.options(),
        name=RUN,
        momentum="keep",
        initial=schedule.first_model(),
    )
    if folders := prepared(folder):
        return folders
    shutil.rmtree(folder, ignore_errors=True)  # half prepared: nothing was trained in it
    return prepare(folder, run)


def _threads(sites: int) -> dict[str, str]:
    """So many threads for each of the sites that the machine's cores are shared out."""
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // max(1, sites)))}


def _export(work: WorkFolder, arm: Arm, folders: Mapping[str, Path], settings: Settings) -> None:
    scratch = work.root / "exporting"
    shutil.rmtree(scratch, ignore_errors=True)  # half exported
    export_simulated(folders, settings, scratch / arm.name)
    bundle = load_bundle(scratch / arm.name)
    verify_bundle(bundle)
    check_provenance(bundle)
    work.models.mkdir(exist_ok=True)
    signed = evidence_of(work.models / arm.name)
    shutil.rmtree(signed, ignore_errors=True)  # moved before the program was killed
    evidence_of(bundle.folder).rename(signed)
    bundle.folder.rename(work.models / arm.name)
    shutil.rmtree(scratch)
