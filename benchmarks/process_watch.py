"""What a process takes: its memory, looked at often, and its processor time."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY_S = 0.05

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Taken:
    """Resident memory in MB before, at most and after; processor seconds in between."""

    before_mb: float
    peak_mb: float
    after_mb: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def watching(process: int) -> Iterator[Taken]:
    """Watch a process meanwhile; what is yielded is complete at the end."""
    taken, began_s = Taken(resident_mb(process), resident_mb(process)), cpu_s(process)
    stopped = threading.Event()

    def look() -> None:
        while not stopped.wait(LOOK_EVERY_S):
            taken.peak_mb = max(taken.peak_mb, resident_mb(process))

    thread = threading.Thread(target=look, name="watch")
    thread.start()
    try:
        yield taken
    finally:
        stopped.set()
        thread.join()
        taken.after_mb, taken.cpu_s = resident_mb(process), cpu_s(process) - began_s


def resident_mb(process: int) -> float:
    """Resident memory (10^6 bytes)."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE_BYTES / 1e6


def cpu_s(process: int) -> float:
    """Processor time of all threads, user and system."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICKS_PER_S
