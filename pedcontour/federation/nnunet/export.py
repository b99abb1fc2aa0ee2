"""The federation's model as everybody uses models: a model folder with its history, and a folder of nnU-Net's own."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pedcontour.bundle.axes import CANONICAL_AXES
from pedcontour.errors import RequestError
from pedcontour.federation.averaging import Weights
from pedcontour.federation.nnunet.network import build_network
from pedcontour.federation.nnunet.tensors import aliases, without_momentum
from pedcontour.federation.nnunet.workplace import CONFIGURATION
from pedcontour.federation.provenance import WEIGHTS_DIGEST
from pedcontour.federation.trainer import RunRecord
from pedcontour.federation.weights import digest_of
from pedcontour.inference.nnunet_import import About, import_nnunet

TRAINER = "nnUNetTrainer"
"""Who trained, for nnU-Net's prediction: its own trainer, which is there everywhere and whose network is the same."""


@dataclass(frozen=True)
class History:
    """How a model came to be: the run, and in how many cases of all sites each organ was annotated."""

    record: RunRecord
    annotated: Mapping[str, int]


def export_model(
    plans: dict[str, Any], description: dict[str, Any], model: Weights, history: History, out: Path
) -> None:
    """Write both folders. Raises ``RequestError`` where one is there, ``ModelError`` for what no model folder holds."""
    weights = without_momentum(model)
    beside = out.parent / f"_{out.name}-nnunet"
    if beside.exists():
        raise RequestError(f"{beside.name} is there already")
    trained = beside / plans["dataset_name"] / f"{TRAINER}__{plans['plans_name']}__{CONFIGURATION}"
    write_nnunet(plans, description, weights, trained)
    about = About(
        name=f"{history.record.charter.run}, trained by {len(history.record.charter.sites)} sites",
        axes=CANONICAL_AXES,
        provenance=_provenance(history) | {WEIGHTS_DIGEST: digest_of(weights)},
    )
    import_nnunet(trained, out.parent, model_id=out.name, about=about)


def write_nnunet(plans: dict[str, Any], description: dict[str, Any], weights: Weights, folder: Path) -> None:
    """Write a results folder that ``nnUNetv2_predict_from_modelfolder`` takes; it names no case."""
    kept = {key: value for key, value in description.items() if key != "dataset"}
    checkpoint = {
        "network_weights": OrderedDict(aliases(build_network(plans, description), weights)),
        "trainer_name": TRAINER,
        "init_args": {"plans": plans, "configuration": CONFIGURATION, "fold": "all", "dataset_json": kept},
        "inference_allowed_mirroring_axes": None,  # left and right would be swapped
    }
    (folder / "fold_all").mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans, indent=2))
    (folder / "dataset.json").write_text(json.dumps(kept, indent=2))
    torch.save(checkpoint, folder / "fold_all" / "checkpoint_final.pth")


def _provenance(history: History) -> dict[str, str]:
    record = history.record
    return {
        "federation_run": record.charter.run,
        "federation_charter": record.charter_digest,
        "federation_sites": ", ".join(f"{site} ({record.cases[site]} cases)" for site in record.charter.names),
        "federation_first_model": record.charter.initial or f"drawn with seed {record.charter.seed}",
        "federation_rounds": str(len(record.closes)),
        "federation_last_close": record.closes[-1],
        "federation_model": record.model,
        "federation_annotated": ", ".join(f"{organ} {cases}" for organ, cases in history.annotated.items()),
    }
