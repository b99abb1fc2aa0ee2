"""One model folder, read and verified."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pedcontour.bundle.axes import CANONICAL_AXES
from pedcontour.bundle.description import DESCRIPTION_NAME, Description, read_description
from pedcontour.bundle.heads import DATASET_NAME, Head, read_head
from pedcontour.bundle.manifest import MANIFEST_NAME, check_file, check_listing, read_checked, read_manifest
from pedcontour.bundle.plans import check_plans
from pedcontour.bundle.presence import PRESENCE_NAME, PresenceModel, check_belongs, read_presence
from pedcontour.bundle.weights import WEIGHTS_NAME, weights_names
from pedcontour.errors import ModelChecksumError, ModelError, ModelUnsupportedError

PLANS_NAME = "plans.json"
CARD_NAME = "card.md"


@dataclass(frozen=True)
class ModelBundle:
    """An installed model.

    ``digest`` is the SHA-256 (hex) of its checksums manifest and so names every byte of it. ``organs`` maps the
    labels of its results to organ ids; ``label_of_channel`` maps the network's classes (``Head`` in ``heads.py``) to
    those labels, 0 being background and what is not drawn. ``axes`` is the orientation it was trained in, ``plans`` and
    ``dataset`` are nnU-Net's documents, ``presence`` is the absence filter fitted for it, or None. ``weights`` are the
    files of its networks, one for each fold whose mean draws; ``checksums`` maps each file to its SHA-256.
    """

    folder: Path
    id: str
    name: str
    version: str
    digest: str
    organs: Mapping[int, str]
    label_of_channel: tuple[int, ...]
    configuration: str
    plans: dict[str, Any] = field(repr=False)
    dataset: dict[str, Any] = field(repr=False)
    licence: str = ""
    intended_use: str = ""
    axes: str = CANONICAL_AXES
    mirroring_axes: tuple[int, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    card: str = field(default="", repr=False)
    presence: PresenceModel | None = field(default=None, repr=False)
    weights: tuple[str, ...] = (WEIGHTS_NAME,)
    checksums: Mapping[str, str] = field(default_factory=dict, repr=False)

    def read_weights(self) -> bytes:
        """The bytes of its one network's weights, those very bytes checked.

        Raises ``ModelChecksumError``, and ``ModelUnsupportedError`` for several folds: ``by_fold`` gives each.
        """
        if len(self.weights) > 1:
            raise ModelUnsupportedError(f"{self.id} is {len(self.weights)} networks, not one")
        return read_checked(self.folder, self.weights[0], self.checksums)

    def by_fold(self) -> "tuple[ModelBundle, ...]":
        """The same model with one fold's weights at a time."""
        return tuple(replace(self, weights=(name,)) for name in self.weights)

    @property
    def weights_sha256(self) -> str:
        """What names its weights: the SHA-256 of the file; of several, that of theirs, one a line."""
        sums = [self.checksums[name] for name in self.weights]
        return sums[0] if len(sums) == 1 else hashlib.sha256("\n".join(sums).encode()).hexdigest()


def load_bundle(folder: Path) -> ModelBundle:
    """Read a model folder; its text files are checked as they are read, its weights by ``verify_bundle`` or when
    loaded.

    Raises ``ModelError``, or a child of it: a file missing, changed or malformed, plans that name code outside the
    allow-list, a kind of network that is not supported, an absence filter that is unlisted or another network's.
    """
    try:
        manifest = (folder / MANIFEST_NAME).read_bytes()
        checksums = read_manifest(manifest.decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder.name}: no readable {MANIFEST_NAME}") from error
    description = read_description(_read_text(folder, DESCRIPTION_NAME, checksums))
    if description.id != folder.resolve().name:
        raise ModelError(f"the folder of model {description.id} has another name")
    weights = weights_names(description.folds)
    if unlisted := [name for name in weights if name not in checksums]:
        raise ModelError(f"{folder.name}: {MANIFEST_NAME} does not list {', '.join(unlisted)}")
    plans = _read_json(folder, PLANS_NAME, checksums)
    dataset = _read_json(folder, DATASET_NAME, checksums)
    check_plans(plans, description.configuration)
    organs, label_of_channel = _result_labels(description, read_head(dataset))
    bundle = ModelBundle(
        folder=folder,
        id=description.id,
        name=description.name,
        version=description.version,
        digest=hashlib.sha256(manifest).hexdigest(),
        organs=organs,
        label_of_channel=label_of_channel,
        configuration=description.configuration,
        plans=plans,
        dataset=dataset,
        licence=description.licence,
        intended_use=description.intended_use,
        axes=description.axes,
        mirroring_axes=description.mirroring_axes,
        provenance=description.provenance,
        card=_read_text(folder, CARD_NAME, checksums),
        presence=_read_presence(folder, checksums),
        weights=weights,
        checksums=checksums,
    )
    if bundle.presence is not None:
        check_belongs(bundle.presence, organs.values(), bundle.weights_sha256)
    return bundle


def _read_presence(folder: Path, checksums: Mapping[str, str]) -> PresenceModel | None:
    # One that lies there unlisted is refused, not passed over: without it false kidneys would pass untold.
    if PRESENCE_NAME not in checksums and not os.path.lexists(folder / PRESENCE_NAME):
        return None
    return read_presence(_read_json(folder, PRESENCE_NAME, checksums))


def verify_bundle(bundle: ModelBundle) -> None:
    """Check every byte of a model folder against the manifest that ``bundle`` was loaded with.

    Raises ``ModelChecksumError`` when the manifest or a file has changed, or a file is missing, not listed or a link.
    """
    manifest = bundle.folder / MANIFEST_NAME
    try:
        if manifest.is_symlink() or hashlib.sha256(manifest.read_bytes()).hexdigest() != bundle.digest:
            raise ModelChecksumError(f"{MANIFEST_NAME} has changed")
        check_listing(bundle.folder, bundle.checksums)
    except OSError as error:
        raise ModelError(f"{bundle.id} cannot be read") from error
    _check_files(bundle, bundle.checksums)


def verify_weights(bundle: ModelBundle) -> None:
    """Check the weights alone, as they are checked again when they are loaded.

    Raises ``ModelChecksumError`` when they have changed, ``ModelError`` when they cannot be read.
    """
    _check_files(bundle, bundle.weights)


def _check_files(bundle: ModelBundle, names: Iterable[str]) -> None:
    try:
        for name in names:
            check_file(bundle.folder, name, bundle.checksums)
    except OSError as error:
        raise ModelError(f"{bundle.id} cannot be read") from error


def _result_labels(description: Description, head: Head) -> tuple[dict[int, str], tuple[int, ...]]:
    """What the results hold, and where each class goes: labels of one organ become the lowest of them."""
    if beyond := sorted(description.organ_of_label.keys() - set(head.numbers.values())):
        raise ModelError(f"{DESCRIPTION_NAME} names labels that {DATASET_NAME} does not have: {beyond}")
    label_of_organ: dict[str, int] = {}
    for label, organ in sorted(description.organ_of_label.items()):
        label_of_organ.setdefault(organ, label)
    result_of = {label: label_of_organ[organ] for label, organ in description.organ_of_label.items()}
    classes = tuple(result_of.get(label, 0) for label in head.label_of_class)
    return {label: organ for organ, label in label_of_organ.items()}, classes


def _read_text(folder: Path, name: str, checksums: Mapping[str, str]) -> str:
    try:
        return read_checked(folder, name, checksums).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"{name} is not UTF-8 text") from error


def _read_json(folder: Path, name: str, checksums: Mapping[str, str]) -> dict[str, Any]:
    return parse_json(_read_text(folder, name, checksums), name)


def parse_json(text: str, name: str) -> dict[str, Any]:
    """A JSON document that is a table; raises ``ModelError`` naming the file."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{name} is not JSON") from error
    if not isinstance(document, dict):
        raise ModelError(f"{name} is not a JSON table")
    return document
