"""Sites as processes of this machine: started together, heard line by line, and none left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO

from pedcontour.errors import FederationError

GRACE_S = 10.0
"""How long a site may take to stop before it is killed."""

POLL_S = 0.2

Hear = Callable[[str, str], None]
"""Is told a site's name and a line that its process wrote."""

Prepare = Callable[[], None]
"""Is called in a site's process before its program starts: one system call, at most."""


def run_sites(
    folders: Mapping[str, Path], environment: Mapping[str, str], hear: Hear, prepare: Prepare | None = None
) -> None:
    """Run `pedcontour federation run` for every site, each in a process of its own, until all are done.

    When one fails, or this process is interrupted, the others are stopped. Raises ``FederationError``.
    """
    with _running(folders, environment, hear, prepare) as processes:
        waiting = dict(processes)
        while waiting:
            for site, process in list(waiting.items()):
                with suppress(subprocess.TimeoutExpired):
                    if process.wait(POLL_S) != 0:
                        raise FederationError(f"{site} stopped with exit code {process.returncode}; see its lines")
                    del waiting[site]


@contextmanager
def _running(
    folders: Mapping[str, Path], environment: Mapping[str, str], hear: Hear, prepare: Prepare | None
) -> Iterator[dict[str, subprocess.Popen[str]]]:
    processes: dict[str, subprocess.Popen[str]] = {}
    readers: list[Thread] = []
    try:
        for site, folder in folders.items():
            processes[site] = _start(folder, environment, prepare)
            readers.append(Thread(target=_read, args=(site, processes[site].stderr, hear), daemon=True))
            readers[-1].start()
        yield processes
    finally:
        for process in processes.values():
            _signal(process, signal.SIGTERM)
        for process in processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_S)
            _signal(process, signal.SIGKILL)  # whatever it started, too
            process.wait()
        for reader in readers:
            reader.join(GRACE_S)


def _start(folder: Path, environment: Mapping[str, str], prepare: Prepare | None) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "pedcontour", "federation", "run", "--work", str(folder))
    return subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=prepare,  # noqa: PLW1509 - see Prepare
        start_new_session=True,  # a group of its own, so that what training started can be stopped with it
    )


def _read(site: str, lines: IO[str] | None, hear: Hear) -> None:
    for line in lines or ():
        hear(site, line.rstrip())


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
