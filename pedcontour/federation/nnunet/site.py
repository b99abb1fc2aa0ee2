"""nnU-Net at one site, as the federation's trainer port asks for it."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from pedcontour.errors import FederationError
from pedcontour.federation.averaging import Weights
from pedcontour.federation.nnunet.dataset import open_dataset
from pedcontour.federation.nnunet.fingerprint import merge, read_fingerprint
from pedcontour.federation.nnunet.measuring import measure
from pedcontour.federation.nnunet.planning import Planning, digest_of_plans, plan, read_plans
from pedcontour.federation.nnunet.preprocessing import preprocess
from pedcontour.federation.nnunet.rolls import Rolls
from pedcontour.federation.nnunet.tensors import (
    initialise,
    no_momentum,
    put_momentum,
    put_weights,
    read_momentum,
    read_weights,
)
from pedcontour.federation.nnunet.workplace import CONFIGURATION, Workplace
from pedcontour.federation.room import Charter, encode
from pedcontour.federation.trainer import Plans, Trained
from pedcontour.federation.weights import digest_of
from pedcontour.inference.nnunet_quiet import quiet

FEWEST_TO_SPLIT = 5
"""nnU-Net splits in five; with fewer cases all are trained on."""
FINAL, LATEST = "checkpoint_final.pth", "checkpoint_latest.pth"


@dataclass(frozen=True)
class SiteSettings:
    """How this site trains; ``iterations``, ``proximal`` and ``planning`` should be the same at every site.

    ``workers`` are processes that augment; with none, and ``deterministic``, the same data give the same model.
    """

    device: Literal["cpu", "cuda"] = "cpu"
    fold: int | Literal["all"] = 0
    iterations: int = 250
    validation_iterations: int = 50
    workers: int = 4
    rolls: Rolls | None = None
    proximal: float = 0.0
    deterministic: bool = False
    planning: Planning = field(default_factory=Planning)


class NnunetSite:
    """A site whose trainer is nnU-Net's; keeps the promise of ``pedcontour.federation.trainer.Trainer``."""

    def __init__(self, name: str, charter: Charter, data: Path, work: Path, settings: SiteSettings) -> None:
        """``data`` is the site's nnU-Net raw data set, ``work`` a folder of its own for this run.

        Raises ``FederationError`` when the charter asks for another version of nnU-Net, ``RequestError`` for data that
        do not fit the charter.
        """
        _check_version(charter)
        self._name = name
        self._charter = charter
        self._settings = settings
        self._dataset = open_dataset(data, charter.organs)
        self._workplace = Workplace(work, charter.run)

    def count_cases(self) -> int:
        """How many cases the data set has."""
        return len(self._dataset.cases)

    def fingerprint(self, total_cases: int) -> bytes:
        """This site's part of the fingerprint."""
        return encode(measure(self._dataset, self._workplace, total_cases))

    def plan(self, fingerprints: Mapping[str, bytes]) -> Plans:
        """nnU-Net's plans from all parts, and the first model. Raises ``DisbeliefError`` for a part that is none."""
        parts = {site: read_fingerprint(site, content) for site, content in sorted(fingerprints.items())}
        self._workplace.describe(self._dataset, self._charter.organs, sum(part.cases for part in parts.values()))
        plans = plan(self._workplace, merge(parts), self._settings.planning)
        network = build_network(plans, self._description())
        initialise(network, self._charter.seed)
        momentum = no_momentum(network) if self._charter.momentum == "average" else {}
        return Plans(digest_of_plans(plans), read_weights(network) | momentum)

    def train(self, round_number: int, start: Weights) -> Trained:
        """Train the charter's local epochs, or the rest of them after a kill; ``plan`` must have been called."""
        plans = read_plans(self._workplace)
        preprocess(self._workplace, self._dataset, plans, self._description())
        self._workplace.keep_rounds((round_number - 1, round_number))
        folder = self._workplace.round(round_number, digest_of(start))
        with quiet(), _exactly(self._settings.deterministic):
            trainer = self._trainer(plans, folder)
            self._begin(trainer, round_number, start, folder)
            trainer.num_epochs = round_number * self._charter.local_epochs
            if trainer.current_epoch < trainer.num_epochs:
                trainer.run_training()
            cases = len(trainer.do_split()[0])
        momentum = read_momentum(trainer.network, trainer.optimizer) if self._charter.momentum == "average" else {}
        return Trained(read_weights(trainer.network) | momentum, cases, _figures(trainer, self._charter.local_epochs))

    def _description(self) -> dict[str, Any]:
        description: dict[str, Any] = json.loads((self._workplace.preprocessed / "dataset.json").read_text())
        return description

    def _trainer(self, plans: dict[str, Any], folder: Path) -> Any:
        self._workplace.announce(self._settings.workers)
        from pedcontour.federation.nnunet.site_trainer import Course, SiteTrainer

        fold = self._settings.fold if len(self._dataset.cases) >= FEWEST_TO_SPLIT else "all"
        trainer = SiteTrainer(
            {**plans, "continue_training": False},
            CONFIGURATION,
            fold,
            self._description(),
            torch.device(self._settings.device),
        )
        course = Course(
            self._name,
            self._charter.seed,
            self._charter.rounds * self._charter.local_epochs,
            self._settings.iterations,
            self._settings.validation_iterations,
            {case.name: case.annotated for case in self._dataset.cases},
            self._settings.rolls,
            self._settings.proximal,
            self._settings.deterministic,
        )
        trainer.follow(course, folder)
        trainer.initialize()
        return trainer

    def _begin(self, trainer: Any, round_number: int, start: Weights, folder: Path) -> None:
        """Put the trainer where this round begins, or where it was when a kill came."""
        before = next(iter(self._workplace.rounds(round_number - 1)), None)
        kept = next((path for path in (folder / FINAL, folder / LATEST) if path.exists()), None)
        if kept is not None:
            trainer.load_checkpoint(str(kept))
        else:
            if self._charter.momentum == "keep" and before is not None and (before / FINAL).exists():
                trainer.load_checkpoint(str(before / FINAL))
            trainer.begin_at((round_number - 1) * self._charter.local_epochs)
            put_weights(trainer.network, start)
            if self._charter.momentum == "average":
                put_momentum(trainer.network, trainer.optimizer, start)
        if self._settings.proximal:
            trainer.pull_towards(start)


def build_network(plans: dict[str, Any], description: dict[str, Any]) -> torch.nn.Module:
    """The network of the plans as a trainer has it, with nnU-Net's own first values."""
    with quiet():
        from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
        from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

        configuration = PlansManager(plans).get_configuration(CONFIGURATION)
        network: torch.nn.Module = get_network_from_plans(
            configuration.network_arch_class_name,
            configuration.network_arch_init_kwargs,
            configuration.network_arch_init_kwargs_req_import,
            len(description["channel_names"]),
            len(description["labels"]),
            allow_init=True,
            deep_supervision=False,
        )
    return network


def _check_version(charter: Charter) -> None:
    from importlib.metadata import version

    installed = version("nnunetv2")
    if installed != charter.nnunet_version:
        raise FederationError(f"the charter asks for nnU-Net {charter.nnunet_version}; {installed} is installed")


def _figures(trainer: Any, epochs: int) -> dict[str, str]:
    """Means over the round's epochs, as decimal text; what is not finite is left out."""
    means = {
        name: float(np.mean(trainer.logger.get_value(key, None)[-epochs:]))
        for name, key in (("loss", "train_losses"), ("validation-loss", "val_losses"))
    }
    return {name: repr(mean) for name, mean in means.items() if math.isfinite(mean)}


@contextmanager
def _exactly(deterministic: bool) -> Iterator[None]:
    """Let torch take only algorithms that give the same result every time, where that is asked for."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(deterministic or before)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
