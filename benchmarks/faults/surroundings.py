"""What a service stands on: folders, small disks that can be filled, and a clock that can be put."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SMALL_DISK = "48m"
"""Room for the jobs of a row, and filled in a moment."""

_FILLER = "filler"

_FAKE_CLOCK = "libfaketimeMT.so.1"


class CannotBeHurtError(Exception):
    """This machine lacks what a fault needs: a right, or a program."""


@dataclass(frozen=True)
class Surroundings:
    """The folders of a service, and what its workers' clock is told with."""

    folder: Path
    clock_library: Path | None = None

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def broker_data(self) -> Path:
        """Where a broker of the harness's own keeps its files, as the embedded one does."""
        return self.data / "broker"

    @property
    def clock(self) -> Path:
        """Holds the offset of the clock, as libfaketime reads it."""
        return self.folder / "clock"

    def place(self, name: str) -> Path:
        """A folder by the name that faults give it: ``.`` for all of the data folder, or one in it."""
        return self.data / name

    def with_clock(self, command: Sequence[str]) -> Sequence[str]:
        """A command that takes the time from ``clock``, where that was asked for."""
        if self.clock_library is None:
            return command
        return (
            "env",
            f"LD_PRELOAD={self.clock_library}",
            f"FAKETIME_TIMESTAMP_FILE={self.clock}",
            "FAKETIME_CACHE_DURATION=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            *command,
        )

    def put_clock(self, offset_s: int) -> None:
        """Put the clock of every worker; it is noticed within a second."""
        part = self.clock.with_suffix(".part")
        part.write_text(f"{offset_s:+d}")
        part.rename(self.clock)


def fill(folder: Path) -> None:
    """Leave no byte on the disk of a folder."""
    with (folder / _FILLER).open("wb", buffering=0) as filler:
        for size in (2**20, 4096):
            try:
                while True:
                    filler.write(b"\0" * size)
            except OSError:
                continue


def free(folder: Path) -> None:
    """Give back what ``fill`` took."""
    (folder / _FILLER).unlink()


@contextmanager
def surroundings(small_disks: Sequence[str] = (), *, false_clock: bool = False) -> Iterator[Surroundings]:
    """Folders for one service. Raises ``CannotBeHurtError``.

    ``small_disks`` names the folders that get a small disk of their own; ``false_clock`` makes the clock puttable.
    """
    with tempfile.TemporaryDirectory(prefix="pedcontour-faults-") as name:
        made = Surroundings(Path(name), _clock_library() if false_clock else None)
        made.put_clock(0)
        with _disks([made.place(disk) for disk in small_disks]):
            yield made


def _clock_library() -> Path:
    found = sorted(Path("/usr/lib").glob(f"*/faketime/{_FAKE_CLOCK}"))
    if not found:
        raise CannotBeHurtError("another clock needs libfaketime")
    return found[0]


@contextmanager
def _disks(folders: Sequence[Path]) -> Iterator[None]:
    mounted: list[Path] = []
    try:
        for folder in folders:
            folder.mkdir(parents=True)
            command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(folder)]
            if subprocess.run(command, capture_output=True, check=False).returncode != 0:
                raise CannotBeHurtError("a disk of its own needs the right to mount (root)")
            mounted.append(folder)
        yield
    finally:
        for folder in mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
