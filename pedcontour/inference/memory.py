"""How much memory a segmentation takes, known from shapes before it starts, and how much there is."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path

from pedcontour.errors import MemoryTooSmallError
from pedcontour.inference.control_group import ROOT, memory_limits

Shape = tuple[int, ...]

MIB = 1024**2

FINE_VOXELS_AT_ONCE = 1 << 22
"""Voxels of the scanner's grid that a card labels together: 32 MiB for one class in float64."""

COARSE_VOXELS_AT_ONCE = 1 << 20
"""Voxels of the network's grid whose probabilities a card holds together: 80 MiB for 20 channels in float32."""

STATUS = Path("/proc/self/status")

CLEAR_REFS = Path("/proc/self/clear_refs")
RESET_PEAK = "5"
"""What ``clear_refs`` takes to begin the peak again (proc_pid_clear_refs(5))."""


@dataclass(frozen=True)
class Need:
    """What decides the memory of one segmentation.

    ``image`` is the scanner's grid, ``network_grid`` the resampled image padded to a tile, ``depth`` the planes whose
    sums are held at once, ``score_bytes`` the size of a sum, ``whole_volumes`` whether the plan's resampling of logits
    needs them all, ``averaged`` the voxels of all tiles' scores that are held while means over folds or mirror images
    are taken tile by tile; ``windows`` how many sums are held: those of each fold and their mean, where it is taken of
    finished sums; ``network_bytes`` what the network takes beside what it holds, once it is loaded and runs.
    """

    image: Shape
    network_grid: Shape
    depth: int
    channels: int
    score_bytes: int
    whole_volumes: bool
    averaged: int = 0
    windows: int = 1
    network_bytes: int = 0

    @property
    def peak_bytes(self) -> int:
        """The most that is held at once beside the image itself and what loaded networks hold.

        While the image is prepared: its copy in float32, the same half resampled, and the result; 8 bytes a voxel of
        the scanner and 4 of the network. Later: the prepared image, once more where it is padded to a tile, the
        sums, one slab of scores taken out of them for labels (mixed voxels are below a third of them), means of a
        tile's scores while they are taken, the network, and 4 bytes of labels a voxel of the scanner.
        """
        scanner, network = prod(self.image), prod(self.network_grid)
        preparing = 8 * scanner + 4 * network
        mean = 4 * self.channels * self.averaged
        sliding = 8 * network + self._sums * 4 // 3 + self._whole + mean + self.network_bytes + 4 * scanner
        return max(preparing, sliding)

    @property
    def on_card_bytes(self) -> int:
        """The most that a graphics card holds at once beside the network and its tiles.

        While the image is prepared: it as it came and in float32, and two arrays between the grids. Later: the prepared
        image twice, the sums, a byte of labels a voxel of the scanner, and what is labelled together: six arrays in
        float64 of the fine grid, three in float32 for every channel of the coarse one.
        """
        scanner, network = prod(self.image), prod(self.network_grid)
        preparing = 6 * scanner + 8 * max(scanner, network)
        labelling = 48 * FINE_VOXELS_AT_ONCE + 12 * self.channels * COARSE_VOXELS_AT_ONCE
        mean = 4 * self.channels * self.averaged
        return max(preparing, 8 * network + self._sums + mean + labelling + scanner)

    @property
    def beside_card_bytes(self) -> int:
        """The most that the machine holds at once where a card has the arrays: the image on its way, the labels."""
        return 4 * prod(self.image) + self._whole

    @property
    def _sums(self) -> int:
        plane = prod(self.network_grid[1:])
        return self.windows * (self.channels + 1) * (self.depth + 1) * plane * self.score_bytes

    @property
    def _whole(self) -> int:
        scanner, network = prod(self.image), prod(self.network_grid)
        return self.channels * network * self.score_bytes + 8 * scanner if self.whole_volumes else 0


def check_memory(need: Need, taken_bytes: int, available_bytes: int | None) -> None:
    """Raises ``MemoryTooSmallError`` where a segmentation that takes so much cannot succeed.

    What is available may not be known: None lets it try.
    """
    if available_bytes is not None and taken_bytes > available_bytes:
        voxels = " x ".join(map(str, need.image))
        asked, there = taken_bytes // MIB + 1, available_bytes // MIB
        raise MemoryTooSmallError(f"{voxels} voxels need {asked} MiB beside the model; there are {there} MiB")


def memory_left_bytes(root: Path = ROOT) -> int | None:
    """What this process may still take at best: the lowest limit of its control groups, or the machine's memory, less
    what it holds.

    What others hold is not counted, neither in the group nor on the machine: they may end, and what is refused as too
    large is not tried again. ``root`` is where ``proc`` and ``sys`` lie. None where the system does not tell.
    """
    known = [number for path in memory_limits(root) if (number := _number(path)) is not None]
    if (total := _kibibytes(root / "proc/meminfo", "MemTotal")) is not None:
        known.append(total)
    held = _kibibytes(STATUS, "VmRSS")
    return None if not known or held is None else max(0, min(known) - held)


def memory_left_beside(processes: Iterable[int]) -> int | None:
    """``memory_left_bytes``, less what these processes hold as well, which stay."""
    left = memory_left_bytes()
    held = sum(_kibibytes(Path(f"/proc/{process}/status"), "VmRSS") or 0 for process in processes)
    return None if left is None else max(0, left - held)


def forget_peak() -> None:
    """Begin the peak of ``peak_resident_bytes`` again at what is held now; where the system forbids it, it stays."""
    with suppress(OSError):
        CLEAR_REFS.write_text(RESET_PEAK, "ascii")


def peak_resident_bytes() -> int:
    """The most memory that this process held since ``forget_peak``, or ever; 0 where the system does not tell."""
    return _kibibytes(STATUS, "VmHWM") or 0


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("utf-8"))
    except (OSError, ValueError):  # none, or "max"
        return None


def _kibibytes(path: Path, name: str) -> int | None:
    """A field of the form ``MemTotal:  123 kB``, in bytes."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        return None
    found = next((line.split() for line in lines if line.startswith(f"{name}:")), None)
    return int(found[1]) * 1024 if found else None
