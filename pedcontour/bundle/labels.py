"""The names that a training gave its labels, and the organs they mean."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pedcontour.errors import ModelLabelsUnknownError
from pedcontour.organs import all_organs

DROP = "drop"
"""Written in place of an organ: the label is known and not drawn; its voxels become background."""

MAX_NAMES_SHOWN = 40


def read_label_mapping(path: Path) -> dict[str, str]:
    """A mapping file, TOML or JSON: ``label name = "organ"`` or ``= "drop"``, one line a label.

    Raises ``ModelLabelsUnknownError`` when it cannot be read or is anything else.
    """
    try:
        text = path.read_text("utf-8")
        document = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelLabelsUnknownError("the mapping file is not readable TOML or JSON") from error
    if not isinstance(document, dict) or not all(isinstance(organ, str) for organ in document.values()):
        raise ModelLabelsUnknownError('the mapping file is not a plain table: label name = "organ"')
    return document


def organs_of_labels(numbers: Mapping[str, int], mapping: Mapping[str, str]) -> dict[int, str]:
    """Label number to organ id, for the network labels ``numbers`` (name to number, background among them).

    A name in ``mapping`` means what is written there; any other is compared with the ids, TG-263 names and names of
    ``organs.toml``, ignoring case and taking blanks, dots and dashes as underscores. Several labels may mean one
    organ: they are drawn as one. Labels mapped to ``drop`` are left out.

    Raises ``ModelLabelsUnknownError`` naming all labels that mean nothing, and mapped labels that the network does
    not have.
    """
    if strangers := sorted(mapping.keys() - numbers.keys()):
        raise ModelLabelsUnknownError(f"mapped but not in the model: {_listed(strangers)}")
    known = _organ_of_name()
    organs: dict[int, str] = {}
    unknown: list[str] = []
    for name, number in numbers.items():
        if number == 0 or mapping.get(name) == DROP:
            continue
        organ = known.get(_folded(mapping.get(name, name)))
        if organ is None:
            unknown.append(name)
        else:
            organs[number] = organ
    if unknown:
        raise ModelLabelsUnknownError(f"unknown: {_listed(unknown)}")
    if not organs:
        raise ModelLabelsUnknownError("no label of the model is an organ")
    return organs


def _organ_of_name() -> dict[str, str]:
    return {_folded(name): organ.id for organ in all_organs().values() for name in (organ.name, organ.tg263, organ.id)}


def _folded(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_").replace(".", "_")


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name[:64]) for name in names[:MAX_NAMES_SHOWN])
    return shown + (f" and {len(names) - MAX_NAMES_SHOWN} more" if len(names) > MAX_NAMES_SHOWN else "")
