"""Uploaded files on disk: one folder a job, under names of our own, complete or not there."""

import hashlib
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pedcontour.errors import StoreError, UploadEmptyError, UploadTooLargeError
from pedcontour.storage.local import flush, remove_folder

ARCHIVE_NAME = "upload.zip"
"""Name of the one file of an upload that is a zip."""

_ZIP_START = b"PK"
"""First bytes of a zip, also of an empty one. A DICOM file begins with 128 free bytes, which may be these: so a file
that begins like this among others stays a file."""

FLUSHES_AT_ONCE = 16
"""Files flushed together share the disk's journal writes: 300 slices in 0.25 s on ext4, one by one in 1.2 s."""

_PART_PREFIX = ".part-"

ABANDONED_S = 3600.0
"""An upload that got no bytes for so long has no sender any more."""


@dataclass(frozen=True)
class UploadLimits:
    """How much one upload may hold."""

    max_bytes: int
    max_files: int


@dataclass
class UploadPart:
    """An upload on its way in: files are written one after the other into a part folder, which ``commit`` then names.

    Not async and not for several threads; every method may touch the disk. What the disk refuses is a ``StoreError``.
    """

    folder: Path
    target: Path
    limits: UploadLimits
    files: int = 0
    size_bytes: int = 0
    _content: "hashlib._Hash" = field(default_factory=hashlib.sha256, repr=False)
    _file_bytes: int = field(default=0, repr=False)
    _begun: int = field(default=0, repr=False)
    _file: BinaryIO | None = field(default=None, repr=False)
    _owed: bool = field(default=False, repr=False)

    def begin_file(self, *, is_named: bool = True) -> None:
        """Begin the next file. Raises ``UploadTooLargeError``.

        A named one that gets no bytes is kept empty: it may be what is left of a slice, and the reader says so. One
        without a name and bytes is a form's file field that nobody filled in.
        """
        self.end_file()
        self._owed = is_named
        self._begun += 1
        if self._begun > self.limits.max_files:
            raise UploadTooLargeError(f"more than {self.limits.max_files} files")

    def write(self, data: bytes) -> None:
        """Write to the file that was begun last. Raises ``UploadTooLargeError``."""
        if not data:
            return
        self.size_bytes += len(data)
        if self.size_bytes > self.limits.max_bytes:
            raise UploadTooLargeError(f"more than {self.limits.max_bytes} bytes")
        self._content.update(data)
        self._file_bytes += len(data)
        with _as_store_error():
            self._opened().write(data)

    def end_file(self) -> None:
        """Close the file that was begun last."""
        with _as_store_error():
            if self._owed:
                self._opened()
            if self._file is not None:
                file, self._file = self._file, None
                # Each file's length after its bytes, so that a byte moved from one file to the next is a difference.
                self._content.update(self._file_bytes.to_bytes(8, "big"))
                self._file_bytes = 0
                file.close()

    def content_sha256(self) -> str:
        """Digest of all files in their order, once the last one has ended."""
        return self._content.hexdigest()

    def commit(self) -> None:
        """Give the complete upload its name; it survives a power cut from here. Raises ``UploadEmptyError``."""
        self.end_file()
        if self.size_bytes == 0:
            raise UploadEmptyError
        with _as_store_error():
            self._name_archive()
            with ThreadPoolExecutor(FLUSHES_AT_ONCE) as pool:
                list(pool.map(flush, self.folder.iterdir()))
            flush(self.folder)
            self.folder.rename(self.target)
            flush(self.target.parent)

    def discard(self) -> None:
        """Forget the upload, as far as it came, also after ``commit``."""
        if self._file is not None:
            self._file.close()
            self._file = None
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.target, ignore_errors=True)

    def _opened(self) -> BinaryIO:
        self._owed = False
        if self._file is None:
            self._file = (self.folder / f"{self.files + 1:06}.dcm").open("xb")
            self.files += 1
        return self._file

    def _name_archive(self) -> None:
        only = self.folder / "000001.dcm"
        if self.files == 1:
            with only.open("rb") as file:
                starts_like_zip = file.read(len(_ZIP_START)) == _ZIP_START
            if starts_like_zip:
                only.rename(self.folder / ARCHIVE_NAME)


def begin_upload(root: Path, job_id: str, limits: UploadLimits) -> UploadPart:
    """Begin the upload of a new job under ``root``. Raises ``StoreError``."""
    part = UploadPart(root / (_PART_PREFIX + job_id), root / job_id, limits)
    with _as_store_error():
        part.folder.mkdir(parents=True)
    return part


def sweep_uploads(root: Path, older_than_s: float = 0.0) -> None:
    """Remove uploads that broke off: what a killed gateway was receiving, and nobody asks for any more.

    One that got bytes within ``older_than_s`` may be on its way in at another gateway. Raises ``StoreError``.
    """
    with _as_store_error():
        for part in root.glob(f"{_PART_PREFIX}*"):
            try:
                touched = max(path.stat().st_mtime for path in (part, *part.iterdir()))
            except FileNotFoundError:  # committed or discarded just now
                continue
            if time.time() - touched >= older_than_s:
                shutil.rmtree(part, ignore_errors=True)


def erase_upload(root: Path, job_id: str) -> None:
    """Remove the upload of a job; where there is none, nothing happens. Raises ``StoreError``."""
    # Renamed first, so that nobody reads half an upload; what a crash leaves is swept with the uploads that broke off.
    folder, gone = root / job_id, root / (_PART_PREFIX + job_id)
    with _as_store_error():
        with suppress(FileNotFoundError):  # no upload, or one that the janitor erases as well
            folder.rename(gone)
        remove_folder(gone)


def uploads_older_than(root: Path, age_s: float) -> list[str]:
    """The job ids of complete uploads that came at least so long ago. Raises ``StoreError``."""
    limit = time.time() - age_s
    with _as_store_error():
        folders = [path for path in root.glob("[!.]*") if path.is_dir()]
        return sorted(path.name for path in folders if path.stat().st_mtime <= limit)


@contextmanager
def _as_store_error() -> Iterator[None]:
    """Messages of the system's errors hold paths, so only their class is told."""
    try:
        yield
    except OSError as error:
        raise StoreError(type(error).__name__) from None
