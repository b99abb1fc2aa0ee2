"""Where images come from: a folder, or a zip that is unpacked with no trust in what it says about itself.

A zip's directory is a claim by its sender. Bytes are counted as they stream out, names never reach the disk, and
anything but plain, shallow files is refused as a whole: a half-read series would be worse than none.
"""

import errno
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath, PureWindowsPath

from pedcontour.dicom.foreign import kind_of
from pedcontour.dicom.given import sizes_of
from pedcontour.errors import (
    ArchiveUnsafeError,
    NotCtError,
    PedcontourError,
    StoreError,
    UploadEmptyError,
    UploadTooLargeError,
)

_PIECE = 1 << 20
_ENCRYPTED = 0x1
_ARCHIVE_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf\x27\x1c", b"Rar!")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_LOCAL_HEADER_BYTES = 30
_END_BYTES, _END_64_BYTES, _LOCATOR_64_BYTES = 22, 56, 20
_LONGEST_COMMENT = 0xFFFF

DIRECTORY_BYTES_PER_ENTRY = 1024
"""What a zip's directory may take for each entry allowed: 46 bytes, a path, and the extra fields of any packer."""


@dataclass(frozen=True)
class ArchiveLimits:
    """How much a zip may hold.

    ``entries`` counts files and folders. ``total_bytes`` and ``file_bytes`` count what streams out. ``ratio`` is how
    many times larger than its packed form an entry may become once it has given ``ratio_free_bytes``: CT shrinks to a
    half or, where it is mostly air, to a tenth; a bomb to a thousandth.
    """

    entries: int = 20_000
    total_bytes: int = 8 * 2**30
    file_bytes: int = 2**30
    ratio: int = 200
    ratio_free_bytes: int = 4 * 2**20


@contextmanager
def open_source(source: Path) -> Iterator[list[Path]]:
    """The files of a folder (see ``files_below``) or of a zip, in order of name; a single DICOM file as it is.

    A zip is unpacked into a temporary folder that is gone at the end. Raises ``UploadEmptyError`` when there are no
    files, ``FileUnreadableError`` when one cannot be opened, ``NotCtError`` for a file that is neither DICOM nor a zip,
    and what ``unpack_archive`` raises.
    """
    if source.is_dir():
        files = files_below(source)
        if not files:
            raise UploadEmptyError
        sizes_of(files)
        yield files
        return
    if not source.is_file():
        raise UploadEmptyError("there is no such folder or zip")
    sizes_of([source])
    if not _is_zip(source):
        _refuse_foreign(source)
        yield [source]
        return
    try:
        folder = Path(tempfile.mkdtemp(prefix="pedcontour-"))
    except OSError as error:
        raise _disk_error(error) from None
    try:
        yield unpack_archive(source, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def files_below(folder: Path) -> list[Path]:
    """The files of a folder and its subfolders, in order of name.

    Links to files count as files, also those that lead nowhere: reading these fails, where leaving them out could lose
    a slice unseen. Links to folders are not followed.
    """
    return sorted(path for path in folder.rglob("*") if path.is_file() or (path.is_symlink() and not path.is_dir()))


def _is_zip(file: Path) -> bool:
    """Whether a file is a zip, or begins like one that is damaged."""
    with file.open("rb") as content:
        return content.read(2) == b"PK" or zipfile.is_zipfile(content)


def _refuse_foreign(file: Path) -> None:
    # Here and not above: it loads pydicom, which a client of the service does without.
    from pedcontour.dicom.instances import read_instance

    if read_instance(file) is None:
        kind = kind_of(file)
        what = f"neither DICOM nor a zip but {kind}" if kind else "neither DICOM nor a zip"
        raise NotCtError(f"the file is {what}; give the folder or the zip that holds the series")


def unpack_archive(archive: Path, target: Path, limits: ArchiveLimits | None = None) -> list[Path]:
    """Unpack a zip into ``target`` under names of our own, and return the files in the order of the zip.

    Raises ``ArchiveUnsafeError`` for a damaged or encrypted zip, links, devices, absolute or parent paths, archives
    within, entries that overlap or grow beyond the ratio; ``UploadTooLargeError`` beyond the other limits;
    ``UploadEmptyError`` when no file is in it; ``StoreError`` when the disk is full or fails, which is not the zip's
    fault. What was unpacked until then is removed.
    """
    limits = limits or ArchiveLimits()
    unpacked: list[Path] = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        _check_directory(archive, limits)
        with zipfile.ZipFile(archive) as content:
            _unpack(content, target, limits, unpacked)
    except PedcontourError:
        _remove(unpacked)
        raise
    # zipfile raises all of these for hostile or unusual archives, RuntimeError for a password, OverflowError for sizes.
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError, OverflowError) as error:
        _remove(unpacked)
        # A zip that points outside itself makes zipfile seek there: the one OSError that is the zip's fault.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise _disk_error(error) from None
        raise ArchiveUnsafeError(f"not readable as a zip: {type(error).__name__}") from None
    if not unpacked:
        raise UploadEmptyError
    return unpacked


def _disk_error(error: OSError) -> StoreError:
    """The system's own message holds a path, so only its class and kind are told."""
    return StoreError(f"the upload cannot be unpacked: {errno.errorcode.get(error.errno or 0, type(error).__name__)}")


def _check_directory(archive: Path, limits: ArchiveLimits) -> None:
    """Refuse a directory of too many entries or bytes before ``zipfile`` makes objects of all of them.

    The record at the end of the zip is found as ``zipfile`` finds it; where there is none, ``zipfile`` refuses.
    """
    with archive.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LONGEST_COMMENT - _END_BYTES - _LOCATOR_64_BYTES - _END_64_BYTES))
        tail = file.read()
    at = len(tail) - _END_BYTES
    if not (tail[at:].startswith(_END) and tail.endswith(b"\0\0")):
        at = tail.rfind(_END)
    if not 0 <= at <= len(tail) - _END_BYTES:
        return
    entries, directory_bytes = struct.unpack_from("<HL", tail, at + 10)
    if tail[max(0, at - _LOCATOR_64_BYTES) : at].startswith(_LOCATOR_64):
        record = tail[max(0, at - _LOCATOR_64_BYTES - _END_64_BYTES) : at - _LOCATOR_64_BYTES]
        if not record.startswith(_END_64):
            raise ArchiveUnsafeError("its directory is not where it should be")
        entries, directory_bytes = struct.unpack_from("<QQ", record, 32)
    if entries > limits.entries or directory_bytes > limits.entries * DIRECTORY_BYTES_PER_ENTRY:
        raise UploadTooLargeError(f"a directory of {entries} entries and {directory_bytes} bytes")


def _unpack(content: zipfile.ZipFile, target: Path, limits: ArchiveLimits, unpacked: list[Path]) -> None:
    entries = content.infolist()
    if len(entries) > limits.entries:
        raise UploadTooLargeError(f"{len(entries)} entries, at most {limits.entries}")
    for entry in entries:
        _check_entry(entry)
    _check_overlaps(entries)
    left = limits.total_bytes
    for number, entry in enumerate(entries):
        if entry.is_dir():
            continue
        file = target / f"{number:06d}.part"
        unpacked.append(file)
        left -= _unpack_entry(content, entry, file, limits, left)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveUnsafeError("an entry is a link or a device")
    if entry.flag_bits & _ENCRYPTED:
        raise ArchiveUnsafeError("an entry is encrypted")
    if entry.compress_type not in _METHODS:
        raise ArchiveUnsafeError("an entry is packed with a method other than deflate")
    for path in (PurePosixPath(entry.filename), PureWindowsPath(entry.filename)):
        if path.is_absolute() or path.drive or path.root or ".." in path.parts:
            raise ArchiveUnsafeError("an entry's path leads outside the zip")


def _check_overlaps(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse entries that share bytes of the zip: so a little becomes much without any entry growing far."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    for entry, following in pairwise(ordered):
        if entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size > following.header_offset:
            raise ArchiveUnsafeError("entries overlap")


def _unpack_entry(
    content: zipfile.ZipFile, entry: zipfile.ZipInfo, file: Path, limits: ArchiveLimits, left: int
) -> int:
    """Stream one entry to ``file``; returns its length."""
    allowed = min(limits.file_bytes, left)
    by_ratio = max(limits.ratio_free_bytes, limits.ratio * entry.compress_size)
    written = 0
    with content.open(entry) as stream, file.open("xb") as out:
        while piece := stream.read(_PIECE):
            if not written and piece.startswith(_ARCHIVE_STARTS):
                raise ArchiveUnsafeError("an entry is an archive itself")
            written += len(piece)
            if written > allowed:
                raise UploadTooLargeError(f"more than {limits.total_bytes} bytes, or {limits.file_bytes} in one file")
            if written > by_ratio:
                raise ArchiveUnsafeError(f"an entry grows more than {limits.ratio} times")
            out.write(piece)
    return written


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
