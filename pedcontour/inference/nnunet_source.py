"""Where a trained nnU-Net lies: a results folder, or a zip as ``nnUNetv2_export_model_to_zip`` writes it.

Nothing is unpacked by the names in a zip: the few wanted entries are read by us and stored under our own names.
"""

import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from pedcontour.bundle.heads import DATASET_NAME
from pedcontour.bundle.model import PLANS_NAME
from pedcontour.errors import ModelError, ModelUnsupportedError

CHECKPOINT_NAMES = {"final": "checkpoint_final.pth", "best": "checkpoint_best.pth"}
"""nnU-Net's file names, in the order of preference: its own prediction takes the final one."""

MAX_TEXT_BYTES = 64 * 1024**2
"""plans.json and dataset.json: real ones stay below 1 MB."""

MAX_CHECKPOINT_BYTES = 4 * 1024**3
"""A checkpoint with its optimiser: nnU-Net's largest preset stays below 2 GB."""

_PIECE = 1024**2

_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, EOFError, OSError)
"""What zipfile raises for damaged, encrypted or exotic entries."""


@dataclass(frozen=True)
class Choice:
    """Which of several trainings to take; None where there is no choice to make.

    ``configuration`` is nnU-Net's name (``3d_fullres``), ``folds`` are numbers or ``all`` (several are to draw with
    their mean), ``checkpoint`` is ``final`` or ``best``.
    """

    configuration: str | None = None
    folds: tuple[str, ...] = ()
    checkpoint: str | None = None


@dataclass(frozen=True)
class Fold:
    """One trained network of a training: nnU-Net's name of the fold, and its checkpoint as a file."""

    name: str
    checkpoint: Path


@dataclass(frozen=True)
class Training:
    """One training on disk: nnU-Net's two documents as text, and the folds that were asked for."""

    plans: str
    dataset: str
    folds: tuple[Fold, ...]
    checkpoint_name: str
    folder_name: str


class _Tree(Protocol):
    """Files by their path inside a source, with ``/`` between its parts."""

    names: list[PurePosixPath]

    def read_text(self, name: PurePosixPath) -> str: ...

    def as_file(self, name: PurePosixPath, scratch: Path) -> Path: ...


@contextmanager
def open_training(source: Path, choice: Choice) -> Iterator[Training]:
    """Find the one training that ``choice`` means; a zip's checkpoints live in a temporary folder meanwhile.

    Raises ``ModelError`` when there is none or the zip is damaged, ``ModelUnsupportedError`` when several fit.
    """
    with tempfile.TemporaryDirectory(prefix="pedcontour-import-") as scratch:
        if source.is_dir():
            yield _find(_Folder(source), choice, Path(scratch))
        elif source.is_file() and zipfile.is_zipfile(source):
            with _opened(source) as archive:
                training = _find(_Zip(archive), choice, Path(scratch))
            yield training
        else:
            raise ModelError("the source is neither a folder nor a zip")


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise ModelError("the zip is damaged") from error


def _find(tree: _Tree, choice: Choice, scratch: Path) -> Training:
    known = set(tree.names)
    homes = [name.parent for name in tree.names if name.name == PLANS_NAME and name.parent / DATASET_NAME in known]
    trained: dict[PurePosixPath, list[PurePosixPath]] = {}
    for home in homes:
        with_checkpoint = {name.parent for name in tree.names if _is_checkpoint(name, choice)}
        if folds := sorted(fold for fold in with_checkpoint if fold.parent == home):
            trained[home] = folds
    if choice.configuration is not None:
        trained = {home: folds for home, folds in trained.items() if _configuration_of(home) == choice.configuration}
    home = _only(sorted(trained), "training", "--configuration")
    folds = _chosen(trained[home], choice)
    wanted = next((name for name in _wanted(choice) if all(fold / name in known for fold in folds)), None)
    if wanted is None:
        raise ModelError("the folds have no checkpoint of the same name")
    return Training(
        plans=tree.read_text(home / PLANS_NAME),
        dataset=tree.read_text(home / DATASET_NAME),
        folds=tuple(Fold(_fold_name(fold), tree.as_file(fold / wanted, scratch)) for fold in folds),
        checkpoint_name=wanted,
        folder_name=home.name,
    )


def _chosen(folds: list[PurePosixPath], choice: Choice) -> list[PurePosixPath]:
    if not choice.folds:
        return [_only(folds, "fold", "--fold, or several, whose mean then draws")]
    by_name = {_fold_name(fold): fold for fold in folds}
    if missing := [name[:16] for name in choice.folds if name not in by_name]:
        raise ModelError(f"no fold {', '.join(missing)} with a checkpoint was found as asked for")
    return [by_name[name] for name in dict.fromkeys(choice.folds)]


def _fold_name(fold: PurePosixPath) -> str:
    return fold.name.removeprefix("fold_")


def _wanted(choice: Choice) -> list[str]:
    if choice.checkpoint is None:
        return list(CHECKPOINT_NAMES.values())
    if choice.checkpoint not in CHECKPOINT_NAMES:
        raise ModelError(f"a checkpoint is one of {', '.join(CHECKPOINT_NAMES)}")
    return [CHECKPOINT_NAMES[choice.checkpoint]]


def _is_checkpoint(name: PurePosixPath, choice: Choice) -> bool:
    return name.name in _wanted(choice) and name.parent.name.startswith("fold_")


def _configuration_of(home: PurePosixPath) -> str:
    """nnU-Net names a training's folder ``Trainer__Plans__configuration``."""
    return home.name.split("__")[-1]


def _only(found: list[PurePosixPath], what: str, option: str) -> PurePosixPath:
    if not found:
        raise ModelError(f"no {what} with plans.json, dataset.json and fold_*/checkpoint_*.pth was found as asked for")
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:8])
        raise ModelUnsupportedError(f"there is more than one {what} ({names}); choose one with {option}")
    return found[0]


class _Folder:
    def __init__(self, root: Path) -> None:
        # A results folder may be given itself: its name then says the configuration, so paths start with it.
        self._parent = root.resolve().parent
        files = (path for path in root.resolve().rglob("*") if _is_wanted_name(path.name) and path.is_file())
        self.names = sorted(PurePosixPath(path.relative_to(self._parent).as_posix()) for path in files)

    def read_text(self, name: PurePosixPath) -> str:
        path = self._parent / name
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise ModelError(f"{name.name} is too large")
        return _decoded(path.read_bytes(), name)

    def as_file(self, name: PurePosixPath, scratch: Path) -> Path:
        return self._parent / name


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        entries = [info for info in archive.infolist() if _is_wanted_name(info.filename.rsplit("/", 1)[-1])]
        self._entries = {PurePosixPath(info.filename): info for info in entries}
        if len(self._entries) != len(entries):
            raise ModelError("an entry comes twice in the zip")
        self.names = sorted(self._entries)

    def read_text(self, name: PurePosixPath) -> str:
        return _decoded(b"".join(self._pieces(name, MAX_TEXT_BYTES)), name)

    def as_file(self, name: PurePosixPath, scratch: Path) -> Path:
        with tempfile.NamedTemporaryFile(dir=scratch, suffix=".pth", delete=False) as target:
            for piece in self._pieces(name, MAX_CHECKPOINT_BYTES):
                target.write(piece)
                if shutil.disk_usage(scratch).free < _PIECE:
                    raise ModelError("no space is left for the checkpoint in the temporary folder")
        return Path(target.name)

    def _pieces(self, name: PurePosixPath, limit: int) -> Iterator[bytes]:
        """An entry's bytes, counted as they come: a zip may lie about sizes."""
        total = 0
        try:
            with self._archive.open(self._entries[name]) as stream:
                while piece := stream.read(_PIECE):
                    total += len(piece)
                    if total > limit:
                        raise ModelError(f"{name.name} is larger than {limit} bytes")
                    yield piece
        except _ZIP_ERRORS as error:
            raise ModelError(f"{name.name} cannot be read from the zip") from error


def _is_wanted_name(name: str) -> bool:
    return name in (PLANS_NAME, DATASET_NAME, *CHECKPOINT_NAMES.values())


def _decoded(content: bytes, name: PurePosixPath) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"{name.name} is not UTF-8 text") from error
