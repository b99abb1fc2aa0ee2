"""How much memory a segmentation takes, known from shapes before it starts, and how much there is."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path

from pedcontour.errors import MemoryTooSmallError

Shape = tuple[int, ...]

MIB = 1024**2

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container's limit stands, in versions 2 and 1 of control groups."""

MEMINFO = Path("/proc/meminfo")
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Need:
    """What decides the memory of one segmentation.

    ``image`` is the scanner's grid, ``network_grid`` the resampled image padded to a tile, ``depth`` the planes whose
    sums are held at once, ``score_bytes`` the size of a sum, ``whole_volumes`` whether the plan's resampling of logits
    needs them all.
    """

    image: Shape
    network_grid: Shape
    depth: int
    channels: int
    score_bytes: int
    whole_volumes: bool

    @property
    def peak_bytes(self) -> int:
        """The most that is held at once beside the image itself and the loaded network.

        While the image is prepared: its copy in float32, the same half resampled, and the result; 8 bytes a voxel of
        the scanner and 4 of the network. Later: the prepared image twice, the sums, one slab of scores taken out of
        them for labels (mixed voxels are below a third of them), and 4 bytes of labels a voxel of the scanner.
        """
        scanner, network = prod(self.image), prod(self.network_grid)
        preparing = 8 * scanner + 4 * network
        plane = prod(self.network_grid[1:])
        sums = (self.channels + 1) * (self.depth + 1) * plane * self.score_bytes
        whole = self.channels * network * self.score_bytes + 8 * scanner if self.whole_volumes else 0
        sliding = 8 * network + sums * 4 // 3 + whole + 4 * scanner
        return max(preparing, sliding)


def check_memory(need: Need, available_bytes: int | None) -> None:
    """Raises ``MemoryTooSmallError`` where a segmentation cannot succeed; None is not known, and lets it try."""
    if available_bytes is not None and need.peak_bytes > available_bytes:
        voxels = " x ".join(map(str, need.image))
        asked, there = need.peak_bytes // MIB + 1, available_bytes // MIB
        raise MemoryTooSmallError(f"{voxels} voxels need {asked} MiB beside the model; there are {there} MiB")


def memory_left_bytes(limits: tuple[Path, ...] = CGROUP_LIMITS, meminfo: Path = MEMINFO) -> int | None:
    """What this process may still take at best: its container's limit, or the machine's memory, less what it holds.

    What others hold is not counted: they may end. None where the system does not tell.
    """
    known = [number for path in limits if (number := _number(path)) is not None]
    if (total := _kibibytes(meminfo, "MemTotal")) is not None:
        known.append(total)
    held = _kibibytes(STATUS, "VmRSS")
    return None if not known or held is None else max(0, min(known) - held)


def memory_left_beside(processes: Iterable[int]) -> int | None:
    """``memory_left_bytes``, less what these processes hold as well, which stay."""
    left = memory_left_bytes()
    held = sum(_kibibytes(Path(f"/proc/{process}/status"), "VmRSS") or 0 for process in processes)
    return None if left is None else max(0, left - held)


def peak_resident_bytes() -> int:
    """The most memory that this process ever held; 0 where the system does not tell."""
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
