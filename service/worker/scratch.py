"""Where a worker unpacks series and writes results before they are kept: a folder that does not outlive it for long."""

import fcntl
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pedcontour.errors import StoreError


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Make every temporary file of this process lie in a folder of its own below ``root``, gone at the end.

    What a killed worker left there, images of patients, is removed first: a lock that dies with its worker tells whose
    folder is in use. Raises ``StoreError`` when the folder cannot be made.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        # One worker at a time: nobody sweeps between another's making of a lock and its taking.
        with _locked(root / "sweep.lock"):
            for lock in root.glob("*.worker"):
                _sweep(lock)
            own = root / uuid.uuid4().hex
            held = _held(own.with_suffix(".worker"), fcntl.LOCK_EX)
            own.mkdir(mode=0o700)
    except OSError as error:
        raise StoreError(f"no scratch folder: {type(error).__name__}") from None
    before, tempfile.tempdir = tempfile.tempdir, str(own.resolve())
    try:
        yield own
    finally:
        tempfile.tempdir = before
        shutil.rmtree(own, ignore_errors=True)
        own.with_suffix(".worker").unlink(missing_ok=True)
        held.close()


def _sweep(lock: Path) -> None:
    """Remove a worker's folder and lock, unless it lives."""
    try:
        held = _held(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
    lock.unlink(missing_ok=True)
    held.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with _held(path, fcntl.LOCK_EX):
        yield


def _held(path: Path, how: int) -> IO[str]:
    file = path.open("w")
    try:
        fcntl.flock(file, how)
    except OSError:
        file.close()
        raise
    return file
