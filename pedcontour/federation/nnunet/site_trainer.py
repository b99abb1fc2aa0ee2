"""nnU-Net's trainer for one round of a federation: what is nnU-Net's stays nnU-Net's."""

import hashlib
import json
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batchgeneratorsv2.transforms.base.basic_transform import BasicTransform
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
from nnunetv2.training.data_augmentation.compute_initial_patch_size import get_patch_size
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from torch import nn

from pedcontour.federation.averaging import Weights
from pedcontour.federation.nnunet.marginal_loss import MarginalLoss
from pedcontour.federation.nnunet.recipe import Recipe
from pedcontour.federation.nnunet.rolls import DrawnAngle, Rolls
from pedcontour.federation.nnunet.tensors import bare, tensors_of
from pedcontour.federation.nnunet.workplace import replace_with
from pedcontour.small_network.optimiser import adamw
from pedcontour.small_network.processor import forward_in_bf16, keep_freed_memory

SMALLEST_SCALE = 0.85
"""Of nnU-Net's scaling: the patch that is cut before rotation is larger by so much."""


@dataclass(frozen=True)
class Course:
    """How a site trains over all rounds.

    ``epochs`` counts those of all rounds, over which the learning rate falls; every epoch begins with random numbers of
    ``seed``, ``site`` and its number. ``annotated`` maps a case to its annotated labels, ``proximal`` is FedProx's mu.
    """

    site: str
    seed: int
    epochs: int
    iterations: int
    validation_iterations: int
    annotated: Mapping[str, tuple[int, ...]] = field(repr=False)
    rolls: Rolls | None = None
    proximal: float = 0.0
    deterministic: bool = False
    recipe: Recipe = field(default_factory=Recipe)


def seed_epoch(seed: int, site: str, epoch: int) -> None:
    """Begin an epoch's random numbers: an epoch done again after a kill is the same, whatever came before."""
    drawn = int.from_bytes(hashlib.sha256(f"{seed} {site} {epoch}".encode()).digest()[:4], "big")
    random.seed(drawn)
    np.random.seed(drawn)
    torch.manual_seed(drawn)


class SiteTrainer(nnUNetTrainer):  # type: ignore[misc]
    """nnU-Net's trainer without mirroring (it would swap left and right), on a course over rounds."""

    course: Course

    def follow(self, course: Course, folder: Path) -> None:
        """Train on this course and keep checkpoints in this folder; before ``initialize``."""
        self.course = course
        self.output_folder = str(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.num_epochs = course.epochs
        self.num_iterations_per_epoch = course.iterations
        self.num_val_iterations_per_epoch = course.validation_iterations
        self.initial_lr = course.recipe.peak
        if course.recipe.foreground is not None:
            self.probabilistic_oversampling = True
            self.oversample_foreground_percent = course.recipe.foreground
        self.save_every = 1
        self._best_ema = math.inf  # no checkpoint but the latest: the global model is what counts

    def initialize(self) -> None:
        """nnU-Net's network, optimiser and loss; on a processor quicker, where the recipe says so."""
        if self.course.recipe.fast_cpu and self.device.type == "cpu":
            keep_freed_memory()
        super().initialize()
        if self.course.recipe.fast_cpu:
            forward_in_bf16(bare(self.network))

    def configure_optimizers(self) -> tuple[torch.optim.Optimizer, Any]:
        """The recipe's: nnU-Net's SGD, or AdamW."""
        if self.course.recipe.optimizer == "adamw":
            return adamw(self.network, self.course.recipe.peak, self.course.epochs)
        optimizer: tuple[torch.optim.Optimizer, Any] = super().configure_optimizers()
        return optimizer

    def begin_at(self, epoch: int) -> None:
        """Begin with this epoch as if those before had been trained here; nnU-Net's log wants a line for each."""
        self.current_epoch = epoch
        self.logger.load_checkpoint({key: [0.0] * epoch for key in self.logger.get_checkpoint()})

    def pull_towards(self, start: Weights) -> None:
        """FedProx (Li et al. 2020): every step also goes back by mu times the way from the round's first model.

        As nnU-Net's weight decay, it is added to the gradient after that was clipped.
        """
        tensors = tensors_of(self.network)
        anchors = [(tensor, torch.from_numpy(np.array(start[name])).to(tensor)) for name, tensor in tensors.items()]

        def pull(*_: Any) -> None:
            for tensor, anchor in anchors:
                if tensor.grad is not None:
                    tensor.grad.add_(tensor.detach() - anchor, alpha=self.course.proximal)

        self.optimizer.register_step_pre_hook(pull)

    def on_train_start(self) -> None:
        """nnU-Net's start, then how good the round's first model is on this site's validation cases."""
        super().on_train_start()
        if not self._start_dice.exists():
            seed_epoch(self.course.seed, f"{self.course.site} start", self.current_epoch)
            part = self._start_dice.with_suffix(".part")
            part.write_text(json.dumps(self._validate()))
            replace_with(part, self._start_dice)

    def dice_at_start(self) -> dict[int, float]:
        """Dice of the round's first model by label, over the validation's patches, where they tell of that label."""
        said = json.loads(self._start_dice.read_text())
        return {int(label): dice for label, dice in said.items()}

    def dice_of_last_epoch(self) -> float:
        """Mean over annotated labels of nnU-Net's Dice in the last epoch; not a number where none can be told."""
        dice = self.logger.get_value("dice_per_class_or_region", -1)
        told = [dice[label - 1] for label in self._labels_annotated() if np.isfinite(dice[label - 1])]
        return float(np.mean(told)) if told else math.nan

    def on_epoch_start(self) -> None:
        """Begin the epoch's random numbers, then nnU-Net's epoch."""
        seed_epoch(self.course.seed, self.course.site, self.current_epoch)
        super().on_epoch_start()

    def train_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """nnU-Net's step, with what the batch's cases are annotated for."""
        self._hide_unannotated(batch)
        step: dict[str, Any] = super().train_step(batch)
        return step

    def validation_step(self, batch: dict[str, Any]) -> dict[str, Any]:
        """nnU-Net's step, with what the batch's cases are annotated for."""
        self._hide_unannotated(batch)
        step: dict[str, Any] = super().validation_step(batch)
        return step

    def save_checkpoint(self, filename: str) -> None:
        """nnU-Net's checkpoint, there whole or not at all."""
        part = Path(f"{filename}.part")
        super().save_checkpoint(str(part))
        if self.local_rank == 0:
            replace_with(part, Path(filename))

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(  # noqa: N802 - nnU-Net's name
        self,
    ) -> tuple[Any, bool, Any, None]:
        """nnU-Net's augmentation with every mirror axis taken away, and the site's rolls."""
        rotation, flat, patch, _ = super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
        self.inference_allowed_mirroring_axes = None
        rolls = self.course.rolls
        if rolls is None:
            return rotation, flat, patch, None
        body_axis = self.plans_manager.transpose_forward.index(0)
        return DrawnAngle(rolls, body_axis, flat), flat, self._patch_for(rolls, body_axis, flat=flat), None

    def get_training_transforms(self, *args: Any, **kwargs: Any) -> BasicTransform:
        """nnU-Net's transforms; rolled as often as the site says, and without measuring time where that would tell."""
        transforms = nnUNetTrainer.get_training_transforms(*args, **kwargs)
        for transform in transforms.transforms:
            if isinstance(transform, SpatialTransform) and self.course.rolls is not None:
                transform.p_rotation = self.course.rolls.probability
            inner = getattr(transform, "transform", None)
            if isinstance(inner, GaussianBlurTransform) and self.course.deterministic:
                inner.benchmark = False  # else it convolves in whichever way was faster just now
        return transforms

    def plot_network_architecture(self) -> None:
        """Left out: it needs graphviz and says nothing the plans do not."""

    def _build_loss(self) -> nn.Module:
        loss: Any = super()._build_loss()
        if not self.enable_deep_supervision:
            self._marginal = MarginalLoss(loss)
            return self._marginal
        self._marginal = loss.loss = MarginalLoss(loss.loss)
        supervised: nn.Module = loss
        return supervised

    @property
    def _start_dice(self) -> Path:
        return Path(self.output_folder) / "start_dice.json"

    def _validate(self) -> dict[int, float]:
        self.on_validation_epoch_start()
        with torch.no_grad():
            steps = [self.validation_step(next(self.dataloader_val)) for _ in range(self.num_val_iterations_per_epoch)]
        tp, fp, fn = (sum(step[key] for step in steps) for key in ("tp_hard", "fp_hard", "fn_hard"))
        dice = 2 * tp / (2 * tp + fp + fn)
        told = [label for label in self._labels_annotated() if np.isfinite(dice[label - 1])]
        return {label: float(dice[label - 1]) for label in told}

    def _labels_annotated(self) -> list[int]:
        return sorted({label for labels in self.course.annotated.values() for label in labels})

    def _hide_unannotated(self, batch: dict[str, Any]) -> None:
        labels = self.label_manager.foreground_labels
        rows = [[label not in self.course.annotated[str(key)] for label in labels] for key in batch["keys"]]
        hidden = torch.tensor([[False, *row] for row in rows])
        self._marginal.hidden = hidden if bool(hidden.any()) else None

    def _patch_for(self, rolls: Rolls, body_axis: int, *, flat: bool) -> Any:
        """The patch to cut so that a rotated one has no empty corners, as nnU-Net reckons it."""
        patch = self.configuration_manager.patch_size
        angles = [rolls.widest if axis == body_axis else float(np.radians(rolls.tilt)) for axis in range(3)]
        size = get_patch_size(patch, *angles, (SMALLEST_SCALE, 1.25))
        if flat:
            size[0] = patch[0]
        return size
