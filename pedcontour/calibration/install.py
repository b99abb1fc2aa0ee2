"""Put a fitted filter beside its model: whole and usable, or not at all."""

import hashlib
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from pedcontour.bundle import MANIFEST_NAME, ModelBundle, load_bundle
from pedcontour.bundle.manifest import manifest_text, sha256_of
from pedcontour.bundle.presence import PRESENCE_NAME, PresenceModel
from pedcontour.errors import ModelChecksumError

CHANGED = (PRESENCE_NAME, MANIFEST_NAME)


def install_presence(bundle: ModelBundle, presence: PresenceModel) -> ModelBundle:
    """The model with this filter in place of any it had; the other lines of its manifest stay as they are.

    The folder as it will be is loaded from a hidden copy without weights beside it first. Raises ``ModelError`` for a
    filter that the model cannot use and ``ModelChecksumError`` for a model that has changed since it was loaded; after
    these, an ``OSError`` or an interruption the model is as it was.
    """
    document = (json.dumps(presence.as_document(), indent=1) + "\n").encode()
    checksums = {**bundle.checksums, PRESENCE_NAME: hashlib.sha256(document).hexdigest()}
    folder = bundle.folder.resolve()
    with TemporaryDirectory(prefix=".fitting-", dir=folder.parent) as scratch:
        staged = Path(scratch) / bundle.id
        staged.mkdir()
        for name in bundle.checksums.keys() - {PRESENCE_NAME, *bundle.weights}:
            shutil.copyfile(folder / name, staged / name)
        (staged / PRESENCE_NAME).write_bytes(document)
        (staged / MANIFEST_NAME).write_text(manifest_text(checksums), "utf-8", newline="\n")
        load_bundle(staged)
        if sha256_of(folder / MANIFEST_NAME) != bundle.digest:
            raise ModelChecksumError(f"{MANIFEST_NAME} has changed")
        _replace(folder, staged, Path(scratch) / "before")
    return load_bundle(bundle.folder)


def _replace(folder: Path, staged: Path, before: Path) -> None:
    """Move the changed files into the folder, or put back those of ``before``, where copies of them are kept."""
    before.mkdir()
    for name in CHANGED:
        if (folder / name).exists():
            shutil.copyfile(folder / name, before / name)
    try:
        for name in CHANGED:
            (staged / name).replace(folder / name)
    except BaseException:
        for name in CHANGED:
            if (before / name).exists():
                (before / name).replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
        raise
