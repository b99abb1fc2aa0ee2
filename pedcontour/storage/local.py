"""Results in a local folder, or on a volume that several hosts mount."""

import errno
import io
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError, StoreError
from pedcontour.storage.port import checked_key

_PARTS = ".parts"
"""Folder of files being written: on the same file system, and no key can name it."""


class LocalResultStore:
    """A ``ResultStore`` in a folder: written under a temporary name, flushed, then given its name in one step."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, source: Path) -> None:
        """See ``ResultStore.put``."""
        target = self._path(key)
        part = self._root / _PARTS / uuid.uuid4().hex
        with as_store_error(), _removed_at_last(part):
            part.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as content:
                _copy_to_disk(content, part)
            try:
                name_once(part, target, self._root)
            except FileExistsError:
                raise ObjectExistsError(key) from None

    def open(self, key: str) -> BinaryIO:
        """See ``ResultStore.open``."""
        with as_store_error(key):
            return self._path(key).open("rb")

    def size(self, key: str) -> int:
        """See ``ResultStore.size``."""
        with as_store_error(key):
            return self._path(key).stat().st_size

    def list(self, prefix: str) -> list[str]:
        """See ``ResultStore.list``."""
        with as_store_error():
            found = (path for path in self._path(prefix).rglob("*") if path.is_file())
            return sorted(path.relative_to(self._root).as_posix() for path in found)

    def delete(self, prefix: str) -> None:
        """See ``ResultStore.delete``."""
        folder = self._path(prefix)
        with as_store_error():
            if folder.is_dir():
                remove_folder(folder)
                flush(folder.parent)

    def check(self) -> None:
        """See ``ResultStore.check``: writes and removes a small file."""
        part = self._root / _PARTS / uuid.uuid4().hex
        with as_store_error(), _removed_at_last(part):
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(b"ready")

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)


def create_once(root: Path, key: str, content: bytes) -> None:
    """Write a new file under ``root`` whole, or after a crash not at all.

    Raises ``ObjectExistsError`` when the key is taken, ``StoreError``.
    """
    part = root / _PARTS / uuid.uuid4().hex
    with as_store_error(), _removed_at_last(part):
        part.parent.mkdir(parents=True, exist_ok=True)
        _copy_to_disk(io.BytesIO(content), part)
        try:
            name_once(part, root / checked_key(key), root)
        except FileExistsError:
            raise ObjectExistsError(key) from None


def name_once(part: Path, target: Path, root: Path) -> None:
    """Give a finished file its name, unless the name is taken. Raises ``FileExistsError``, ``OSError``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(part, target)  # unlike a rename, a link never replaces what is there
    for folder in target.parents:
        flush(folder)
        if folder == root:
            break


def _copy_to_disk(content: BinaryIO, target: Path) -> None:
    with target.open("xb") as part:
        shutil.copyfileobj(content, part, 1024 * 1024)
        part.flush()
        os.fsync(part.fileno())


def remove_folder(folder: Path) -> None:
    """Remove a folder and all in it, also while somebody else does the same. Raises ``OSError``."""
    while folder.is_dir():
        with suppress(FileNotFoundError):  # the other one was quicker with a file: go on with those that are left
            shutil.rmtree(folder)


def flush(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a power cut. Raises ``OSError``."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _removed_at_last(part: Path) -> Iterator[None]:
    try:
        yield
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def as_store_error(key: str = "") -> Iterator[None]:
    """The system's errors as the store's own; the messages of the former hold paths, so only the class is told."""
    try:
        yield
    except FileNotFoundError:
        if key:
            raise ObjectNotFoundError(key) from None
        raise StoreError("FileNotFoundError") from None
    except OSError as error:
        raise StoreError(failure_of(error)) from None


def failure_of(error: OSError) -> str:
    """What went wrong without a path: a full disk in words, anything else by its class."""
    return "no space left" if error.errno in (errno.ENOSPC, errno.EDQUOT) else type(error).__name__
