"""A folder that appears whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from pedcontour.errors import OutputFolderNotEmptyError, StoreError


@contextmanager
def staged_folder(out: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``out`` that becomes ``out`` when the block ends well, and vanishes when it
    does not.

    ``out`` may be missing or empty; parents are made. One rename publishes everything.

    Raises ``OutputFolderNotEmptyError`` when it holds anything already, ``StoreError`` when the disk refuses.
    """
    out = out.absolute()
    staging = out.with_name(f".{out.name}.{uuid4().hex}.partial")
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputFolderNotEmptyError
        out.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
    except OSError as error:
        raise StoreError(f"the output folder cannot be made: {error.strerror}") from None
    try:
        try:
            yield staging
        # Of the block it is not known which file it was: an input, a result, or one of a library's own.
        except OSError as error:
            raise StoreError(f"a file cannot be read or written: {error.strerror or type(error).__name__}") from None
        try:
            staging.replace(out)
        except OSError as error:
            raise StoreError(f"the results cannot be put in place: {error.strerror}") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
