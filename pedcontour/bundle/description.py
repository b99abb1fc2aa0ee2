"""``model.toml``: the description of a model, between its text and its fields."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pedcontour.bundle.axes import CANONICAL_AXES, canonical_to
from pedcontour.bundle.heads import MAX_LABEL
from pedcontour.bundle.weights import weights_names
from pedcontour.errors import ModelError
from pedcontour.organs import all_organs

DESCRIPTION_NAME = "model.toml"
SCHEMA = 1

MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""A model's id is its folder's name, so it is short, lower case and harmless in a path."""

_TEXTS = ("id", "name", "version", "licence", "intended_use")


@dataclass(frozen=True)
class Description:
    """What ``model.toml`` says.

    ``organ_of_label`` maps nnU-Net's own label numbers (1, 2, ...) to organ ids; several labels may be one organ, a
    label that is not there is not drawn. ``configuration`` is nnU-Net's name, ``axes`` the orientation it was trained
    in (``pedcontour/bundle/axes.py``), ``mirroring_axes`` those that the training allows to flip at inference,
    counted over the network's axes. ``folds`` are the names of those whose mean draws, empty for a single network.
    ``provenance`` is free text by name.
    """

    id: str
    name: str
    version: str
    licence: str
    intended_use: str
    configuration: str
    organ_of_label: Mapping[int, str]
    axes: str = CANONICAL_AXES
    mirroring_axes: tuple[int, ...] = ()
    folds: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)


def read_description(text: str) -> Description:
    """Parse ``model.toml``; raises ``ModelError`` naming what is missing or wrong."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{DESCRIPTION_NAME} is not TOML") from error
    if document.get("schema") != SCHEMA:
        raise ModelError(f"{DESCRIPTION_NAME} has another schema than {SCHEMA}")
    network = _table(document, "network")
    texts = {key: _text(document, key) for key in _TEXTS}
    if MODEL_ID.fullmatch(texts["id"]) is None:
        raise ModelError(f"{DESCRIPTION_NAME}: the id is not 1 to 64 of a-z, 0-9, dot, dash and underscore")
    axes = _text(network, "orientation")
    canonical_to(axes)
    return Description(
        **texts,
        configuration=_text(network, "configuration"),
        organ_of_label=_labels(_table(document, "labels")),
        axes=axes,
        mirroring_axes=_mirroring(network.get("mirroring_axes", [])),
        folds=_folds(network.get("folds", [])),
        provenance={str(key): str(value) for key, value in _table(document, "provenance").items()},
    )


def write_description(description: Description) -> str:
    """The text of ``model.toml``; ``read_description`` gives the same fields back."""
    lines = [
        f"schema = {SCHEMA}",
        *(f"{key} = {_quoted(getattr(description, key))}" for key in _TEXTS),
        "",
        "[network]",
        f"configuration = {_quoted(description.configuration)}",
        f"orientation = {_quoted(description.axes)} # where the axes (slice, row, column) point in the patient",
        f"mirroring_axes = {list(description.mirroring_axes)} # allowed by the training; not used unless asked for",
        *_folds_line(description.folds),
        "",
        "[labels] # the network's label = organ",
        *(f"{label} = {_quoted(organ)}" for label, organ in sorted(description.organ_of_label.items())),
        "",
        "[provenance]",
        *(f"{_quoted(key)} = {_quoted(value)}" for key, value in description.provenance.items()),
    ]
    return "\n".join(lines) + "\n"


def _labels(table: Mapping[str, Any]) -> dict[int, str]:
    labels: dict[int, str] = {}
    for key, organ in table.items():
        if not key.isascii() or not key.isdigit() or not 1 <= int(key) <= MAX_LABEL:
            raise ModelError(f"{DESCRIPTION_NAME}: label {key[:16]!r} is not a number from 1 to {MAX_LABEL}")
        if organ not in all_organs():
            raise ModelError(f"{DESCRIPTION_NAME}: label {key} is no organ of organs.toml")
        labels[int(key)] = organ
    if not labels:
        raise ModelError(f"{DESCRIPTION_NAME} names no organ")
    return labels


def _mirroring(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(isinstance(n, int) and 0 <= n < 3 for n in value):
        raise ModelError(f"{DESCRIPTION_NAME}: mirroring_axes are not numbers from 0 to 2")
    return tuple(value)


def _folds(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(fold, str) for fold in value):
        raise ModelError(f"{DESCRIPTION_NAME}: folds are not a list of words")
    weights_names(value)
    return tuple(value)


def _folds_line(folds: tuple[str, ...]) -> list[str]:
    return [f"folds = {json.dumps(list(folds))} # each a network; the mean of their outputs draws"] if folds else []


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ModelError(f"{DESCRIPTION_NAME} has no text {key!r}")
    return value


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    if not isinstance(value, dict):
        raise ModelError(f"{DESCRIPTION_NAME} has no table [{key}]")
    return value


def _quoted(text: str) -> str:
    # JSON strings are TOML basic strings, but for DEL, which only TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
