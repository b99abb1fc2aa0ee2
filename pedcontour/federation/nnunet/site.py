"""nnU-Net at one site, as the federation's trainer port asks for it."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pedcontour.errors import FederationError, PedcontourError, RequestError
from pedcontour.federation.averaging import Weights
from pedcontour.federation.nnunet.dataset import open_dataset
from pedcontour.federation.nnunet.export import History, export_model
from pedcontour.federation.nnunet.fingerprint import SiteFingerprint, merge, read_fingerprint
from pedcontour.federation.nnunet.first_model import check_first_model, read_first_model
from pedcontour.federation.nnunet.heads import row_shares
from pedcontour.federation.nnunet.measuring import measure
from pedcontour.federation.nnunet.network import build_network
from pedcontour.federation.nnunet.planning import digest_of_plans, plan, read_plans
from pedcontour.federation.nnunet.preprocessing import preprocess
from pedcontour.federation.nnunet.recipe import Recipe
from pedcontour.federation.nnunet.settings import SiteSettings
from pedcontour.federation.nnunet.splits import keep_patients_together
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
from pedcontour.federation.trainer import Plans, RunRecord, SitePost, Trained
from pedcontour.federation.weights import digest_of
from pedcontour.inference.nnunet_quiet import quiet

FEWEST_TO_SPLIT = 5
"""nnU-Net splits in five; with fewer patients all cases are trained on."""
FINAL, LATEST = "checkpoint_final.pth", "checkpoint_latest.pth"


class NnunetSite:
    """A site whose trainer is nnU-Net's; keeps the promise of ``pedcontour.federation.trainer.Trainer``."""

    def __init__(self, post: SitePost, settings: SiteSettings) -> None:
        """Raises ``FederationError`` when the charter asks for another nnU-Net, ``RequestError`` for unfit data or
        options, ``FirstModelDiffersError`` and ``ModelError`` for a model to begin with.
        """
        _check_version(post.charter)
        self._name = post.site
        self._charter = post.charter
        self._settings = settings
        self._dataset = open_dataset(post.data, post.charter.organs)
        self._workplace = Workplace(post.work, post.charter.run)
        self._given = read_first_model(settings.start, post.charter)
        _check_recipe(settings.recipe, post.charter)

    def count_cases(self) -> int:
        """How many cases the data set has."""
        return len(self._dataset.cases)

    def fingerprint(self, total_cases: int) -> bytes:
        """This site's part of the fingerprint."""
        with _refusing("measuring"):
            organs, workers = len(self._charter.organs), self._settings.workers
            return encode(measure(self._dataset, self._workplace, organs, total_cases, workers))

    def plan(self, fingerprints: Mapping[str, bytes]) -> Plans:
        """nnU-Net's plans from all parts, and the first model. Raises ``DisbeliefError`` for a part that is none."""
        parts = self._read(fingerprints)
        plans = self._plan(parts)
        initial = self._first_model(build_network(plans, self._description()))
        shares = row_shares(initial, parts, by_cases=self._charter.weighting == "cases")
        return Plans(digest_of_plans(plans), initial, shares)

    def train(self, round_number: int, start: Weights) -> Trained:
        """Train the charter's local epochs, or the rest of them after a kill; ``plan`` must have been called."""
        with _refusing("preprocessing"):
            plans = read_plans(self._workplace)
            preprocess(self._workplace, self._dataset, plans, self._description(), self._settings.workers)
            keep_patients_together(self._workplace, self._dataset)
        self._workplace.keep_rounds((round_number - 1, round_number))
        folder = self._workplace.round(round_number, digest_of(start))
        with _refusing("training"), quiet(), _exactly(self._settings.deterministic):
            trainer = self._trainer(plans, folder)
            self._begin(trainer, round_number, start, folder)
            trainer.num_epochs = round_number * self._charter.local_epochs
            if trainer.current_epoch < trainer.num_epochs:
                trainer.run_training()
            cases = len(trainer.do_split()[0])
        momentum = read_momentum(trainer.network, trainer.optimizer) if self._charter.momentum == "average" else {}
        return Trained(read_weights(trainer.network) | momentum, cases, self._figures(trainer))

    def forget(self, round_number: int) -> None:
        """Remove the round's checkpoints."""
        self._workplace.drop_round(round_number)

    def export(self, fingerprints: Mapping[str, bytes], model: Weights, record: RunRecord, out: Path) -> None:
        """Write the model folder ``out``, and beside it ``_<its name>-nnunet`` as nnU-Net itself reads it."""
        parts = self._read(fingerprints)
        plans = self._plan(parts)
        annotated = np.sum([part.annotated for part in parts.values()], axis=0)
        organs = dict(zip(self._charter.organs, map(int, annotated), strict=True))
        export_model(plans, self._description(), model, History(record, organs), out)

    def _first_model(self, network: torch.nn.Module) -> Weights:
        if self._given is not None:
            check_first_model(self._given, read_weights(network))
            return self._given
        initialise(network, self._charter.seed)
        momentum = no_momentum(network) if self._charter.momentum == "average" else {}
        return read_weights(network) | momentum

    def _read(self, fingerprints: Mapping[str, bytes]) -> dict[str, SiteFingerprint]:
        organs = len(self._charter.organs)
        return {site: read_fingerprint(site, content, organs) for site, content in sorted(fingerprints.items())}

    def _plan(self, parts: Mapping[str, SiteFingerprint]) -> dict[str, Any]:
        fingerprint = merge(parts)
        total = sum(part.cases for part in parts.values())
        with _refusing("planning"):
            self._workplace.describe(self._dataset, self._charter.organs, total)
            return plan(self._workplace, fingerprint, self._settings.planning)

    def _description(self) -> dict[str, Any]:
        description: dict[str, Any] = json.loads((self._workplace.preprocessed / "dataset.json").read_text())
        return description

    def _trainer(self, plans: dict[str, Any], folder: Path) -> Any:
        self._workplace.announce(self._settings.workers)
        from pedcontour.federation.nnunet.site_trainer import Course, SiteTrainer

        trainer = SiteTrainer(
            {**plans, "continue_training": False},
            CONFIGURATION,
            self._fold,
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
            self._settings.recipe,
        )
        trainer.follow(course, folder)
        trainer.initialize()
        return trainer

    @property
    def _fold(self) -> int | str:
        """Patients are split, never their cases; where they are too few, no case is left out."""
        patients = {case.patient for case in self._dataset.cases}
        return self._settings.fold if len(patients) >= FEWEST_TO_SPLIT else "all"

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

    def _figures(self, trainer: Any) -> dict[str, str]:
        """The round's mean loss, and Dice on the validation's patches: before it, by organ, and after it."""
        losses = trainer.logger.get_value("train_losses", None)[-self._charter.local_epochs :]
        before = {self._charter.organs[label - 1]: dice for label, dice in trainer.dice_at_start().items()}
        figures = {f"start-dsc-{organ}": dice for organ, dice in before.items()}
        dice = "training-dsc" if self._fold == "all" else "dsc"
        figures |= {"loss": float(np.mean(losses)), dice: trainer.dice_of_last_epoch()}
        if before:
            figures["start-dsc"] = float(np.mean(list(before.values())))
        return {name: repr(round(figure, 6)) for name, figure in figures.items() if math.isfinite(figure)}


def _check_recipe(recipe: Recipe, charter: Charter) -> None:
    if recipe.optimizer == "adamw" and charter.momentum == "average":
        raise RequestError("option optimizer=adamw goes with momentum that is kept or reset")


def _check_version(charter: Charter) -> None:
    from importlib.metadata import version

    installed = version("nnunetv2")
    if installed != charter.nnunet_version:
        raise FederationError(f"the charter asks for nnU-Net {charter.nnunet_version}; {installed} is installed")


@contextmanager
def _refusing(work: str) -> Iterator[None]:
    """Tell whatever nnU-Net trips over by its class alone: its message may name a patient's file."""
    try:
        yield
    except PedcontourError:
        raise
    except Exception as error:
        raise FederationError(f"{work}: {type(error).__name__}") from error


@contextmanager
def _exactly(deterministic: bool) -> Iterator[None]:
    """Let torch take only algorithms that give the same result every time, where that is asked for."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(deterministic or before)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
