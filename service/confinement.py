"""What a process of the service does to itself before it works: files of its own, no core dumps, hard limits."""

import ctypes
import math
import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
"""``prctl(2)``: the signal a process gets when its parent dies; no program it starts gains rights."""

_ONE_BYTE = 1
"""The limit for core dumps. Where dumps are piped to a program, Linux takes any limit but one byte for none."""


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
"""Loaded ahead: after a fork it would be too late to do it safely."""


@dataclass(frozen=True)
class Limits:
    """How much a process may take: bytes of address space, seconds of processor time, bytes in one written file."""

    memory_bytes: int
    cpu_s: float
    file_bytes: int


def private_files() -> None:
    """Make every file of this process, and of those that it starts, readable by its own account alone."""
    os.umask(0o077)


def no_core_dumps() -> None:
    """A dump of a process that holds images would be a patient's images in a file nobody knows of."""
    resource.setrlimit(resource.RLIMIT_CORE, (_ONE_BYTE, _ONE_BYTE))


def tie_to_parent(farewell: signal.Signals = signal.SIGKILL) -> None:
    """Get a signal when the thread that started this process ends, and so when its process does (Linux only).

    It is one system call, and may be made between fork and exec: the tie outlasts the start of a program.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, farewell, 0, 0, 0)


def gain_no_rights() -> None:
    """No program that this process starts gains rights that it does not have (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def confine(limits: Limits) -> None:
    """Set hard limits on this process, for good: more memory gives ``MemoryError``, more time ends it (SIGXCPU)."""
    hard = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.file_bytes,
    }
    for kind, most in hard.items():
        resource.setrlimit(kind, (most, most))
    # The process is ended at the first limit and, should it live on, killed a second later.
    cpu_s = math.ceil(limits.cpu_s)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))


def peak_memory_bytes() -> int:
    """The most memory this process ever held.

    Linux tells it per program; ``getrusage`` would count what the parent held when it started this one.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def close_standard_error() -> None:
    """Say nothing on standard error from here: what a crashing library prints may hold values of headers."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
