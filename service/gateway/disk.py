"""The disk that uploads go to: how much of it must stay free, and what of it is promised to uploads under way."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pedcontour.errors import StorageLowError, StoreError

STORAGE_RETRY_S = 600.0
"""What a client waits for space on the disk: some rounds of the janitor."""


@dataclass(frozen=True)
class Space:
    """The disk that uploads go to, in bytes."""

    total: int
    free: int


@dataclass(frozen=True)
class Watermark:
    """What stays free for the job table, the audit file and the workers: bytes and a share, the larger of both."""

    min_free_bytes: int
    min_free_share: float

    def of(self, space: Space) -> float:
        """The bytes that must stay free of a disk."""
        return max(self.min_free_bytes, self.min_free_share * space.total)


def space_of(folder: Path) -> Space:
    """The disk of a folder that need not be there yet. Raises ``StoreError``."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path())
    try:
        usage = shutil.disk_usage(there)
    except OSError as error:
        raise StoreError(type(error).__name__) from None
    return Space(usage.total, usage.free)


class Disk:
    """Keeps the watermark for all uploads of one gateway together; for several threads.

    What others write to the same disk is seen at the next look, which is due before every piece of an upload.
    """

    def __init__(self, watermark: Watermark, space: Callable[[Path], Space] = space_of) -> None:
        self._watermark = watermark
        self._space = space
        self._promised = 0
        self._lock = threading.Lock()

    @contextmanager
    def room(self, folder: Path, declared_bytes: int) -> Iterator["Room"]:
        """Room for an upload into ``folder``, as far as its sender tells how much; 0 is promised as it comes.

        Raises ``StorageLowError``, ``StoreError``.
        """
        room = Room(self, folder)
        room.ask(declared_bytes)
        try:
            yield room
        finally:
            room.leave()

    def promise(self, folder: Path, size_bytes: int) -> None:
        """Promise so many bytes more; 0 only looks. Raises ``StorageLowError``, ``StoreError``."""
        with self._lock:
            space = self._space(folder)
            if space.free - self._promised - size_bytes < self._watermark.of(space):
                raise StorageLowError(retry_after_s=STORAGE_RETRY_S)
            self._promised += size_bytes

    def settle(self, size_bytes: int) -> None:
        """Take so much of the promises back: it was written, so that the disk itself counts it, or never will be."""
        with self._lock:
            self._promised -= size_bytes


class Room:
    """What is promised to one upload and not yet written; for one thread at a time."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder
        self._promised = 0

    def ask(self, size_bytes: int) -> None:
        """Have room for so many bytes from here on. Raises ``StorageLowError``, ``StoreError``."""
        more = max(0, size_bytes - self._promised)
        self._disk.promise(self._folder, more)
        self._promised += more

    @contextmanager
    def writing(self, size_bytes: int) -> Iterator[None]:
        """Around the writing of so many bytes. Raises ``StorageLowError`` before any is written, ``StoreError``."""
        self.ask(size_bytes)
        yield
        self._disk.settle(size_bytes)
        self._promised -= size_bytes

    def leave(self) -> None:
        """Give back what was promised and is not needed."""
        self._disk.settle(self._promised)
        self._promised = 0
