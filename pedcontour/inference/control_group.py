"""The control group of this process: where Linux keeps what a container, a unit of systemd or a pod may take."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
"""Where ``proc`` and ``sys`` lie."""

UNIFIED = ""
"""The controller that the line of version 2 names: none."""


def unified_group(root: Path = ROOT) -> Path:
    """The folder of this process's group in version 2; the topmost one where none is named.

    A container sees its own group as the topmost one.
    """
    return _groups(root).joinpath(*_named(root, UNIFIED))


def memory_limits(root: Path = ROOT) -> Iterator[Path]:
    """The files that may hold a limit of memory in bytes: of this process's group and of those above it.

    A limit above counts as well. Version 2 names them ``memory.max``, version 1 ``memory.limit_in_bytes``; a file may
    be missing.
    """
    yield from _upwards(_groups(root), _named(root, UNIFIED), "memory.max")
    yield from _upwards(_groups(root) / "memory", _named(root, "memory"), "memory.limit_in_bytes")


def lines_of(file: Path) -> list[str]:
    """The lines of one of the kernel's files; none where it cannot be read."""
    try:
        return file.read_text("ascii", "replace").splitlines()
    except OSError:
        return []


def _groups(root: Path) -> Path:
    return root / "sys/fs/cgroup"


def _named(root: Path, controller: str) -> tuple[str, ...]:
    """The parts of the path of the group, as ``cgroups(7)`` tells it in lines ``hierarchy:controllers:path``."""
    for line in lines_of(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return tuple(part for part in path.split("/") if part not in ("", ".."))  # ".." leaves what can be seen
    return ()


def _upwards(top: Path, parts: tuple[str, ...], name: str) -> Iterator[Path]:
    for count in range(len(parts), -1, -1):
        yield top.joinpath(*parts[:count]) / name
