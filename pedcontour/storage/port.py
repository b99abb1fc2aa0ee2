"""The promise every result store keeps. The suite in ``tests/contract`` is its exact wording."""

import re
from pathlib import Path
from typing import BinaryIO, Protocol

from pedcontour.errors import StoreError

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""One part of a key: what every file system and object store takes, and never hidden, empty, ``.`` or ``..``."""


def checked_key(key: str) -> str:
    """The key itself, when it is one or more plain parts joined by ``/``; else ``StoreError``."""
    if not all(_PART.fullmatch(part) for part in key.split("/")):
        raise StoreError(f"{key[:64]!r} is not a key")
    return key


class ResultStore(Protocol):
    """Keeps files under keys such as ``<job>/<attempt>/seg.dcm``; what was put once is never changed.

    Every method raises ``StoreError`` when the store itself fails, and for a malformed key.
    """

    def put(self, key: str, source: Path) -> None:
        """Keep a copy of a file. It appears whole, or after a crash not at all.

        Raises ``ObjectExistsError`` when the key is taken.
        """
        ...

    def open(self, key: str) -> BinaryIO:
        """Open for reading; the caller closes. Raises ``ObjectNotFoundError``."""
        ...

    def size(self, key: str) -> int:
        """Size in bytes. Raises ``ObjectNotFoundError``."""
        ...

    def list(self, prefix: str) -> list[str]:
        """Every key that lies under ``prefix/``, sorted."""
        ...

    def delete(self, prefix: str) -> None:
        """Remove everything under ``prefix/``; removing what is not there is no error."""
        ...

    def check(self) -> None:
        """Raise ``StoreError`` unless the store could take a result now."""
        ...
