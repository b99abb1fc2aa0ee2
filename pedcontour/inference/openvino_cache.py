"""Converted networks on disk: converting takes seconds and gigabytes, reading what was converted does not.

An entry is a folder that appears whole and never changes. It is named by everything that its content depends on. One
that does not match its own checksums is made again. A disk that is full costs the keeping, not the job.
"""

import hashlib
import logging
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import openvino as ov

from pedcontour.bundle.manifest import MANIFEST_NAME, check_file, check_listing, read_manifest, write_manifest
from pedcontour.bundle.model import ModelBundle
from pedcontour.errors import ModelError, StoreError
from pedcontour.inference.kept_networks import CONVERTING, NETWORK_NAME, note_use, sweep
from pedcontour.inference.openvino_precision import keep_ends_precise

log = logging.getLogger(__name__)

STORED_PRECISION = "f32, ends precise"
"""Weights are stored as they are, with the marks of ``keep_ends_precise``. OpenVINO's own default, half precision,
would cost the exact mode its name."""


def cached_network(folder: Path | None, bundle: ModelBundle, patch: tuple[int, ...], convert: Callable[[], Any]) -> Any:
    """The network of a bundle for tiles of a size as OpenVINO reads it, from ``folder`` or newly made by ``convert``.

    The bundle is that of one fold; each has its entry. Where the folder is None or cannot be written, it is converted
    anew each time. What nobody needs any more is swept from the folder on the way.

    Raises ``StoreError`` where the folder for temporary files cannot be written either.
    """
    if folder is None:
        return _read_back(convert())
    entry = folder / _name(bundle, patch)
    note_use(entry)  # first: it must not be swept
    sweep(folder)
    if (found := _read(entry)) is not None:
        return found
    network = convert()
    try:
        _write(entry, network)
    except OSError as error:
        log.warning("the cache takes no converted network, each start converts anew: %s", type(error).__name__)
        return _read_back(network)
    return _read(entry) or _read_back(network)


def _name(bundle: ModelBundle, patch: tuple[int, ...]) -> str:
    parts = (bundle.digest, *bundle.weights, ov.get_version(), "x".join(map(str, patch)), STORED_PRECISION)
    return f"{bundle.id}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:32]}"


def _read(entry: Path) -> Any | None:
    try:
        checksums = read_manifest((entry / MANIFEST_NAME).read_text("utf-8"))
        check_listing(entry, checksums)
        for name in checksums:
            check_file(entry, name, checksums)
        return ov.Core().read_model(entry / NETWORK_NAME)
    except (OSError, UnicodeDecodeError, ModelError, RuntimeError):
        return None  # not there, or damaged


def _read_back(network: Any) -> Any:
    """The network as it would be read from an entry. Raises ``StoreError``."""
    try:
        with TemporaryDirectory(prefix="pedcontour-converting-") as scratch:
            _save(network, Path(scratch))
            return ov.Core().read_model(Path(scratch) / NETWORK_NAME)
    except (OSError, RuntimeError) as error:
        raise StoreError(f"the temporary folder takes no converted network: {type(error).__name__}") from None


def _save(network: Any, folder: Path) -> None:
    """Raises ``OSError`` where the folder cannot be written."""
    try:
        ov.save_model(network, folder / NETWORK_NAME, compress_to_fp16=False)
        keep_ends_precise(folder / NETWORK_NAME)
    except (RuntimeError, ET.ParseError) as error:  # how OpenVINO tells of a full disk, and a file that one cut off
        raise OSError(f"not saved: {type(error).__name__}") from None


def _write(entry: Path, network: Any) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(mkdtemp(prefix=CONVERTING, dir=entry.parent))
    try:
        _save(network, scratch)
        write_manifest(scratch)
        shutil.rmtree(entry, ignore_errors=True)  # a damaged one; another process may have put a good one there
        scratch.rename(entry)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
