"""How many processes Linux has killed because memory ran out: what tells such an end from a kill by somebody's hand."""

from collections.abc import Callable
from pathlib import Path

from pedcontour.inference.control_group import ROOT, lines_of, unified_group

MemoryKills = Callable[[], int | None]
"""Tells the count so far, or None where nothing tells it. It only grows, and before the signal is sent."""


def memory_kills(root: Path = ROOT) -> int | None:
    """The count of this process's control group (version 2) with those below it, else that of the whole machine.

    A container sees its own group. ``root`` is where ``proc`` and ``sys`` lie.
    """
    for file in (unified_group(root) / "memory.events", root / "proc/vmstat"):
        if (count := _count_in(file)) is not None:
            return count
    return None


def _count_in(file: Path) -> int | None:
    """The line ``oom_kill`` of cgroup-v2's ``memory.events`` or of ``proc_vmstat(5)``."""
    for line in lines_of(file):
        name, _, count = line.partition(" ")
        if name == "oom_kill" and count.isdecimal():
            return int(count)
    return None
