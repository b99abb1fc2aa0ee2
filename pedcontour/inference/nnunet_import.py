"""Turn a trained nnU-Net v2 network into a model folder that holds no code and no pickles."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import save

import pedcontour
from pedcontour.bundle.axes import CANONICAL_AXES, ORIENTATION_ASSUMED, RAS_AXES
from pedcontour.bundle.card import card_template
from pedcontour.bundle.description import DESCRIPTION_NAME, MODEL_ID, Description, write_description
from pedcontour.bundle.heads import DATASET_NAME, read_head
from pedcontour.bundle.labels import organs_of_labels
from pedcontour.bundle.manifest import sha256_of, write_manifest
from pedcontour.bundle.model import (
    CARD_NAME,
    PLANS_NAME,
    ModelBundle,
    load_bundle,
    parse_json,
    verify_bundle,
)
from pedcontour.bundle.plans import check_plans
from pedcontour.bundle.weights import weights_names
from pedcontour.errors import ModelUnsupportedError, RequestError
from pedcontour.inference.nnunet_checkpoint import Checkpoint, read_checkpoint
from pedcontour.inference.nnunet_network import build_network, distinct_tensors, read_definition
from pedcontour.inference.nnunet_source import Choice, Training, open_training

KEPT_DATASET_KEYS = ("name", "labels", "channel_names", "modality", "regions_class_order", "file_ending", "numTraining")
"""What a model needs of ``dataset.json``; the rest may list training cases by file name, which is nobody's business."""


@dataclass(frozen=True)
class About:
    """What the importer knows about a model and nnU-Net does not.

    ``axes`` is the orientation of the training images as three letters (``pedcontour/bundle/axes.py``); None takes
    nnU-Net's word where its reader reorients, and else the canonical ``SPL``. ``provenance`` is told beside what the
    training itself says.
    """

    name: str | None = None
    version: str = "1"
    licence: str = "unknown"
    intended_use: str = "Research. Not evaluated; not for use on patients."
    axes: str | None = None
    card: str | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


def import_nnunet(
    source: Path,
    models_root: Path,
    *,
    model_id: str,
    organ_of_label: Mapping[str, str] | None = None,
    choice: Choice | None = None,
    about: About | None = None,
) -> ModelBundle:
    """Make the model folder ``models_root / model_id`` from a trained nnU-Net v2 3D network.

    ``source`` is a results folder (or one above it) or an exported zip; ``choice`` says which training where there are
    several; of several folds the mean will draw, as ``nnUNetv2_predict -f`` takes it. ``organ_of_label`` maps label
    names to organs, or to ``drop``, where the names are not organs already (``pedcontour/bundle/labels.py``). The
    checkpoints are read with ``weights_only=True``, their trainer is never imported, and the weights keep their values
    and types. The folder appears at once and complete, or not at all.

    A trainer that builds another network than ``plans.json`` says is refused when its weights do not fit; one that
    changes only what has no weights (an activation) cannot be told apart.

    Raises ``RequestError`` for an id that is taken or malformed, ``ModelUnsafeError``, ``ModelUnsupportedError``,
    ``ModelLabelsUnknownError`` or ``ModelError``.
    """
    if MODEL_ID.fullmatch(model_id) is None:
        raise RequestError("a model's id is 1 to 64 of a-z, 0-9, dot, dash and underscore, and starts with a-z or 0-9")
    if (models_root / model_id).exists():
        raise RequestError(f"a model {model_id} is installed already; choose another id or remove its folder")
    models_root.mkdir(parents=True, exist_ok=True)
    with (
        open_training(source, choice or Choice()) as training,
        tempfile.TemporaryDirectory(prefix=".importing-", dir=models_root) as scratch,
    ):
        folder = Path(scratch) / model_id
        folder.mkdir()
        _fill(folder, training, organ_of_label or {}, about or About())
        verify_bundle(load_bundle(folder))
        folder.rename(models_root / model_id)
    return load_bundle(models_root / model_id)


def _fill(folder: Path, training: Training, mapping: Mapping[str, str], about: About) -> None:
    plans = parse_json(training.plans, PLANS_NAME)
    dataset = _kept(parse_json(training.dataset, DATASET_NAME))
    organs = organs_of_labels(read_head(dataset).numbers, mapping)
    folds = tuple(fold.name for fold in training.folds) if len(training.folds) > 1 else ()
    names = weights_names(folds)
    checkpoints = [read_checkpoint(fold.checkpoint) for fold in training.folds]
    checkpoint = _alike(checkpoints)
    check_plans(plans, checkpoint.configuration)
    network = build_network(read_definition(plans, dataset, checkpoint.configuration))
    for name, one in zip(names, checkpoints, strict=True):
        (folder / name).write_bytes(save(distinct_tensors(network, one.state), metadata={"format": "pt"}))
    reorients = plans.get("image_reader_writer") == "NibabelIOWithReorient"
    description = Description(
        id=folder.name,
        name=about.name or str(dataset.get("name") or folder.name),
        version=about.version,
        licence=about.licence,
        intended_use=about.intended_use,
        configuration=checkpoint.configuration,
        organ_of_label=organs,
        axes=about.axes or (RAS_AXES if reorients else CANONICAL_AXES),
        mirroring_axes=checkpoint.mirroring_axes,
        folds=folds,
        provenance={
            **_provenance(training, checkpoint),
            **about.provenance,
            "orientation": _known_by(about, reorients=reorients),
        },
    )
    (folder / PLANS_NAME).write_text(training.plans, "utf-8", newline="")
    (folder / DATASET_NAME).write_text(json.dumps(dataset, indent=2, ensure_ascii=False) + "\n", "utf-8", newline="\n")
    (folder / DESCRIPTION_NAME).write_text(write_description(description), "utf-8", newline="\n")
    (folder / CARD_NAME).write_text(about.card or card_template(description), "utf-8", newline="\n")
    write_manifest(folder)


def _alike(checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """The first fold's checkpoint, which speaks for all; ``ModelUnsupportedError`` where another one differs."""
    first = checkpoints[0]
    for other in checkpoints[1:]:
        if (other.configuration, other.mirroring_axes) != (first.configuration, first.mirroring_axes):
            raise ModelUnsupportedError("the folds differ in their configuration or in the mirroring they allow")
    return first


def _known_by(about: About, *, reorients: bool) -> str:
    """How the orientation is known."""
    if about.axes:
        return "stated at import"
    return "from the plans' image reader" if reorients else ORIENTATION_ASSUMED


def _provenance(training: Training, checkpoint: Checkpoint) -> dict[str, str]:
    return {
        "framework": "nnU-Net v2",
        "training": training.folder_name,
        "trainer": checkpoint.trainer,
        "fold": ", ".join(fold.name for fold in training.folds),
        "checkpoint": training.checkpoint_name,
        "checkpoint_sha256": ", ".join(sha256_of(fold.checkpoint) for fold in training.folds),
        "imported_by": f"pedcontour {pedcontour.__version__}",
    }


def _kept(dataset: Mapping[str, Any]) -> dict[str, Any]:
    return {key: dataset[key] for key in KEPT_DATASET_KEYS if key in dataset}
