"""Memory of a command with everything that it starts."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

LOOK_EVERY_S = 0.25


def run_watched(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Run a command to its end; returns the most MiB that it and its descendants held at once, looked at often.

    A page that several processes share is counted once (proportional set size). Raises ``CalledProcessError``.
    """
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    with watched([process.pid]) as peak:
        try:
            status = process.wait()
        finally:
            process.kill()
    if status:
        raise subprocess.CalledProcessError(status, command)
    return peak.mib


@dataclass
class Peak:
    """The most MiB that were held at once, so far."""

    mib: float = 0.0


@contextmanager
def watched(roots: Sequence[int]) -> Iterator[Peak]:
    """Look often, meanwhile, at what some processes and all their descendants hold together."""
    peak, stopped = Peak(), Event()

    def look() -> None:
        while not stopped.wait(LOOK_EVERY_S):
            peak.mib = max(peak.mib, sum(held_mib(pid) for root in roots for pid in tree(root)))

    thread = Thread(target=look, name="watch")
    thread.start()
    try:
        yield peak
    finally:
        stopped.set()
        thread.join()


def tree(root: int) -> Iterator[int]:
    """A process and its descendants, as far as they are still there."""
    yield root
    for tasks in Path(f"/proc/{root}/task").glob("*/children"):
        with suppress(OSError):
            for child in tasks.read_text().split():
                yield from tree(int(child))


def held_mib(pid: int) -> float:
    """Resident memory of a process, shared pages in proportion; 0 when it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def environment_with(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment and more."""
    return os.environ | dict(more)
