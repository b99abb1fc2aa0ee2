"""``python -m benchmarks.bench.side <module>:<function> <argument>``: one side of a row, in a process of its own.

The function gets the argument as data and returns what is to be timed: a callable without arguments that may return
further figures. It is called once for every line on standard input and answered with a line on standard output.
"""

import gc
import importlib
import json
import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

Timed = Callable[[], dict[str, Any] | None]


def main() -> None:
    """Prepare, then run as often as told."""
    # What a library prints must not look like an answer.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    module, _, function = sys.argv[1].partition(":")
    timed: Timed = getattr(importlib.import_module(module), function)(json.loads(sys.argv[2]))
    answers.write("{}\n")
    for _ in sys.stdin:
        answers.write(json.dumps(run(timed)) + "\n")


def run(timed: Timed) -> dict[str, Any]:
    """One repetition: seconds, processor seconds of this process and its ended children, peak resident memory."""
    gc.collect()
    forget_peak()
    cpu, began = processor_s(), perf_counter()
    more = timed() or {}
    seconds = perf_counter() - began
    return {"seconds": seconds, "cpu_s": processor_s() - cpu, "peak_mib": peak_bytes() / 2**20} | more


def processor_s() -> float:
    """Processor time of this process, its threads and its ended children."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def forget_peak(pid: int | str = "self") -> None:
    """Let the kernel's peak of resident memory begin again, where it can (Linux)."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_bytes(pid: int | str = "self") -> int:
    """The peak of resident memory since ``forget_peak``."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
