"""The steps from raw cases to a trained nnU-Net model folder, each resumable."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pedcontour.bundle import ModelBundle
from pedcontour.errors import ModelChecksumError, ModelError, ModelUnsupportedError

if TYPE_CHECKING:
    from torch import nn

DATASET_ID = 605
DATASET_NAME = "Dataset605_Pedcontour"
CONFIGURATION = "3d_fullres"
VALIDATION_STRIDE = 20


@dataclass(frozen=True)
class TrainingFolders:
    """nnU-Net's three folders under one working folder, and the variables by which it finds them."""

    work: Path

    @property
    def raw(self) -> Path:
        """The raw data set."""
        return self.work / "nnUNet_raw" / DATASET_NAME

    @property
    def preprocessed(self) -> Path:
        """The preprocessed data set."""
        return self.work / "nnUNet_preprocessed" / DATASET_NAME

    @property
    def results(self) -> Path:
        """nnU-Net's model folder of this training: what `pedcontour models import` takes."""
        trained = f"PedcontourTrainer__pedcontourSmallPlans__{CONFIGURATION}"
        return self.work / "nnUNet_results" / DATASET_NAME / trained

    def announce(self, workers: int) -> None:
        """Tell nnU-Net, which reads its folders from the environment when it is first imported."""
        for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
            (self.work / name).mkdir(parents=True, exist_ok=True)
            os.environ[name] = str(self.work / name)
        os.environ["nnUNet_n_proc_DA"] = str(workers)


def preprocess(folders: TrainingFolders, workers: int) -> None:
    """Fingerprint, plan and preprocess the raw data set with nnU-Net's own code and the small network's plan."""
    folders.announce(workers)
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (
        extract_fingerprints,
        plan_experiments,
        preprocess_dataset,
    )

    from pedcontour.small_network.plans import shrink

    extract_fingerprints([DATASET_ID], num_processes=workers, check_dataset_integrity=False)
    plan_experiments([DATASET_ID])
    source = folders.preprocessed / "nnUNetPlans.json"
    plans = shrink(json.loads(source.read_text()))
    (folders.preprocessed / "pedcontourSmallPlans.json").write_text(json.dumps(plans, indent=2))
    preprocess_dataset(DATASET_ID, "pedcontourSmallPlans", (CONFIGURATION,), num_processes=(workers,))
    _split(folders)


def _split(folders: TrainingFolders) -> None:
    """Keep every ``VALIDATION_STRIDE``-th case for nnU-Net's own validation; the real figures come from other seeds."""
    names = sorted(path.stem for path in (folders.preprocessed / "nnUNetPlans_3d_fullres").glob("*.pkl"))
    held_out = names[::VALIDATION_STRIDE]
    split = {"train": [name for name in names if name not in held_out], "val": held_out}
    (folders.preprocessed / "splits_final.json").write_text(json.dumps([split], indent=1))


def train(
    folders: TrainingFolders, epochs: int, device: str, *, workers: int = 1, start: ModelBundle | None = None
) -> None:
    """Train, or go on where the last run stopped; leaves ``checkpoint_final.pth`` in nnU-Net's results folder.

    A new training begins with the weights of ``start``, a model of the same plan, or else with random ones.
    """
    folders.announce(workers)
    import torch

    from pedcontour.small_network.processor import keep_freed_memory
    from pedcontour.training.trainer import PedcontourTrainer

    keep_freed_memory()
    plans = json.loads((folders.preprocessed / "pedcontourSmallPlans.json").read_text())
    dataset = json.loads((folders.preprocessed / "dataset.json").read_text())
    latest = folders.results / "fold_0" / "checkpoint_latest.pth"
    plans["continue_training"] = latest.exists()
    trainer = PedcontourTrainer(plans, CONFIGURATION, 0, dataset, torch.device(device))
    trainer.num_epochs = epochs
    trainer.initialize()
    if latest.exists():
        trainer.load_checkpoint(str(latest))
    elif start:
        begin_with(trainer.network, start)
    trainer.run_training()


def begin_with(network: "nn.Module", start: ModelBundle) -> None:
    """Give a network the verified weights of a model of the same plan.

    Raises ``ModelUnsupportedError`` for another plan, and for a model of several folds.
    """
    from pedcontour.inference.nnunet_network import load_weights

    try:
        load_weights(network, start)
    except (ModelChecksumError, ModelUnsupportedError):
        raise
    except ModelError as error:
        raise ModelUnsupportedError(f"the weights of {start.id} do not fit this plan's network") from error
