"""Writing the audit file: appended, flushed to the disk, by any number of processes of one host at a time."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

from pedcontour.errors import AuditError
from pedcontour.storage.local import flush
from service.audit.chain import FIRST_PREVIOUS, RECOVERED, Entry, Record, digest_of, make_record, parse_record
from service.jobstore import Clock, utc_now

LOCK_NAME = "audit.lock"

LONGEST_TAIL_BYTES = 64 * 1024
"""Enough to hold the last lines of a file: a record is far below a kilobyte."""


class AuditTrail(Protocol):
    """Keeps entries for good."""

    def append(self, entry: Entry) -> None:
        """Keep an entry; when this returns, it survives a power cut. Raises ``AuditError``."""
        ...

    def check(self) -> None:
        """Whether an entry could be kept now. Raises ``AuditError``."""
        ...


class MemoryTrail:
    """An ``AuditTrail`` that lives as long as its process."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def append(self, entry: Entry) -> None:
        """See ``AuditTrail.append``."""
        self.entries.append(entry)

    def check(self) -> None:
        """See ``AuditTrail.check``."""


@dataclass(frozen=True)
class _End:
    """Where the chain ends: what the next record must carry, and what it must do first."""

    number: int
    previous: str
    day: str
    is_torn: bool


class FileTrail:
    """An ``AuditTrail`` in a folder of files, each named by the number of its first record.

    A new file is begun each day (UTC) and when one has grown to ``max_bytes``; the chain goes on from file to file. The
    folder must lie on a disk of this host: the lock between processes is the kernel's.
    """

    def __init__(self, folder: Path, max_bytes: int, clock: Clock = utc_now) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._clock = clock
        self._one_thread = threading.Lock()

    def append(self, entry: Entry) -> None:
        """See ``AuditTrail.append``."""
        try:
            with self._one_thread, self._one_process():
                self._append(entry)
        except OSError as error:
            raise AuditError(type(error).__name__) from None

    def check(self) -> None:
        """See ``AuditTrail.check``: writes what no folder lists, and opens what would be written to."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with TemporaryFile(dir=self._folder, buffering=0) as probe:
                probe.write(b"ready")
            for path in (self._folder / LOCK_NAME, *audit_files(self._folder)[-1:]):
                if path.exists():
                    os.close(os.open(path, os.O_RDWR | os.O_APPEND))
        except OSError as error:
            raise AuditError(type(error).__name__) from None

    def _append(self, entry: Entry) -> None:
        now = self._clock().astimezone(UTC)
        files = audit_files(self._folder)
        if not files:
            self._write(file_of(self._folder, 1), b"", make_record(entry, 1, FIRST_PREVIOUS, now))
            return
        last, end = files[-1], _end_of(files[-1])
        if end.is_torn:
            mended = make_record(Entry(RECOVERED), end.number, end.previous, now)
            self._write(last, b"\n", mended)
            end = _End(end.number + 1, digest_of(mended.line()), mended.at[:10], is_torn=False)
        if end.day != f"{now:%Y-%m-%d}" or last.stat().st_size >= self._max_bytes:
            last = file_of(self._folder, end.number)
        self._write(last, b"", make_record(entry, end.number, end.previous, now))

    def _write(self, path: Path, before: bytes, record: Record) -> None:
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            line = before + record.line() + b"\n"
            if os.write(descriptor, line) != len(line):
                raise OSError("the disk is full")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            flush(self._folder)

    @contextmanager
    def _one_process(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / LOCK_NAME).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def audit_files(folder: Path) -> list[Path]:
    """The files of a trail, the oldest first."""
    return sorted(folder.glob("audit-*.jsonl"))


def file_of(folder: Path, number: int) -> Path:
    """The file whose first record has this number."""
    return folder / f"audit-{number:012}.jsonl"


def first_number(path: Path) -> int:
    """The number of a file's first record, by its name."""
    return int(path.stem.removeprefix("audit-"))


def _end_of(path: Path) -> _End:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_TAIL_BYTES))
        lines = file.read().split(b"\n")
    is_torn = lines[-1] != b""
    if not is_torn:
        lines.pop()
    if not lines:  # begun, and nothing written
        return _End(first_number(path), FIRST_PREVIOUS, "", is_torn=False)
    for line in reversed(lines):
        try:
            record = parse_record(line)
        except ValueError:
            continue
        return _End(record.number + 1, digest_of(lines[-1]), record.at[:10], is_torn)
    return _End(first_number(path), digest_of(lines[-1]), "", is_torn)
