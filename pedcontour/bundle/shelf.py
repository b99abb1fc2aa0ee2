"""The folder that holds the installed models, one subfolder each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pedcontour.bundle.description import MODEL_ID
from pedcontour.bundle.model import ModelBundle, load_bundle
from pedcontour.errors import ModelError, ModelNotFoundError

DEFAULT_NAME = "default"
"""A text file beside the model folders that names the one to use when none is asked for."""


@dataclass(frozen=True)
class ModelShelf:
    """What lies in a models folder: the models that can be used, and why the others cannot, by folder name."""

    models: tuple[ModelBundle, ...]
    refused: Mapping[str, ModelError]


def scan_models(root: Path) -> ModelShelf:
    """Read every model folder under ``root``, in the order of their ids; weights are not read.

    A folder that cannot be used does not hide the others: it is among the refused, with its error. Hidden folders are
    skipped. A ``root`` that does not exist holds no models.
    """
    models: list[ModelBundle] = []
    refused: dict[str, ModelError] = {}
    folders = [entry for entry in root.iterdir() if entry.is_dir()] if root.is_dir() else []
    for folder in sorted(folders):
        if folder.name.startswith((".", "_")):
            continue
        try:
            models.append(load_bundle(folder))
        except ModelError as error:
            refused[folder.name] = error
    return ModelShelf(tuple(models), refused)


def installed_models(root: Path) -> list[ModelBundle]:
    """The models under ``root`` that can be used, in the order of their ids."""
    return list(scan_models(root).models)


def find_model(root: Path, model_id: str | None) -> ModelBundle:
    """The model of that id; with None the one that the file ``default`` names, or the only one there is.

    Raises ``ModelNotFoundError`` when there is none or, without an id, several; ``ModelError`` when it cannot be used.
    """
    wanted = model_id if model_id is not None else default_id(root)
    if wanted is not None:
        if MODEL_ID.fullmatch(wanted) is None or not (root / wanted).is_dir():
            raise ModelNotFoundError(f"no model is called {wanted[:64]!r}")
        return load_bundle(root / wanted)
    shelf = scan_models(root)
    if len(shelf.models) == 1:
        return shelf.models[0]
    if not shelf.models and shelf.refused:
        raise next(iter(shelf.refused.values()))
    ids = ", ".join(model.id for model in shelf.models)
    raise ModelNotFoundError(f"several are installed, name one: {ids}" if ids else "none is installed")


def default_id(root: Path) -> str | None:
    """The model that the file ``default`` names, where there is one."""
    path = root / DEFAULT_NAME
    return path.read_text("utf-8").strip() or None if path.is_file() else None
