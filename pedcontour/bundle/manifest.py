"""The checksums of a model folder, in the form that ``sha256sum --check SHA256SUMS`` reads."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from pedcontour.errors import ModelChecksumError, ModelError

MANIFEST_NAME = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_][A-Za-z0-9._-]{0,127})")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as 64 lowercase hex digits; reads it in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(text: str) -> dict[str, str]:
    """File name to SHA-256, from the text of ``SHA256SUMS``.

    Names are plain: no folders, no leading dot. Raises ``ModelError`` when a line has another form or a name comes
    twice.
    """
    checksums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] == MANIFEST_NAME or match[2] in checksums:
            raise ModelError(f"line {number} of {MANIFEST_NAME} is not '<sha256>  <plain file name>', once per file")
        checksums[match[2]] = match[1]
    return checksums


def write_manifest(folder: Path) -> None:
    """Write ``SHA256SUMS`` over every file of a finished model folder, in the order of their names."""
    names = sorted(entry.name for entry in folder.iterdir() if entry.name != MANIFEST_NAME)
    text = manifest_text({name: sha256_of(folder / name) for name in names})
    (folder / MANIFEST_NAME).write_text(text, "utf-8", newline="\n")


def manifest_text(checksums: Mapping[str, str]) -> str:
    """The text of ``SHA256SUMS`` that ``read_manifest`` reads, in the order of the names."""
    return "".join(f"{checksum}  {name}\n" for name, checksum in sorted(checksums.items()))


def check_listing(folder: Path, checksums: Mapping[str, str]) -> None:
    """Check that the folder holds exactly the listed files, each a plain file.

    Raises ``ModelChecksumError`` for a missing or unlisted file, a subfolder or a link.
    """
    found = {entry.name: entry for entry in folder.iterdir() if entry.name != MANIFEST_NAME}
    if missing := sorted(checksums.keys() - found.keys()):
        raise ModelChecksumError(f"missing: {', '.join(missing)}")
    if unlisted := sorted(found.keys() - checksums.keys()):
        raise ModelChecksumError(f"not in {MANIFEST_NAME}: {', '.join(unlisted)}")
    for name, entry in found.items():
        if entry.is_symlink() or not entry.is_file():
            raise ModelChecksumError(f"{name} is not a plain file")


def check_file(folder: Path, name: str, checksums: Mapping[str, str]) -> None:
    """Check one file against its checksum; raises ``ModelChecksumError`` naming the file."""
    if sha256_of(folder / name) != checksums.get(name):
        raise ModelChecksumError(f"{name} has another SHA-256")


def read_checked(folder: Path, name: str, checksums: Mapping[str, str]) -> bytes:
    """The bytes of one file, those very bytes checked against the manifest.

    Raises ``ModelError`` when the file cannot be read, ``ModelChecksumError`` when its bytes are not the listed ones.
    """
    path = folder / name
    if name not in checksums or path.is_symlink():
        raise ModelChecksumError(f"{name} is not a plain file listed in {MANIFEST_NAME}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{name} cannot be read") from error
    if hashlib.sha256(content).hexdigest() != checksums[name]:
        raise ModelChecksumError(f"{name} has another SHA-256")
    return content
