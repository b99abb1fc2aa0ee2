"""Child processes that are started again when they die, and that do not outlive this one."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO

from service.confinement import tie_to_parent

log = logging.getLogger(__name__)

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
"""A child that dies at once is started again after a wait that doubles up to this: dying keeps no machine busy."""

STEADY_S = 30.0
"""A child that lived so long did not die of its start: the next wait is short again."""


@dataclass
class Child:
    """A process of a command; used by one thread, which also starts it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    logs: Path | None
    grace_s: float
    deaths: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _start_at: float = 0.0
    _wait_s: float = FIRST_WAIT_S

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def revive(self) -> None:
        """Start the process when it does not run and its wait is over."""
        now = monotonic()
        if self._process is not None and self._process.poll() is not None:
            self._bury(now)
        if self._process is None and now >= self._start_at:
            self._start(now)

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """Wait for the end that was asked for; kill the process when its grace is over."""
        if self._process is None:
            return
        try:
            self._process.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop in time and is killed", self.name)
            self._process.kill()
            self._process.wait()

    def _start(self, now: float) -> None:
        with _log_file(self.logs, self.name) as output:
            self._process = subprocess.Popen(  # noqa: S603 - the command comes from the composition root
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                umask=0o077,  # its files are for this account alone, whatever this process makes of its own
                start_new_session=True,  # Ctrl-C in a terminal reaches the supervisor alone, which stops them in order
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one system call
            )
        self._started_at = now

    def _bury(self, now: float) -> None:
        assert self._process is not None  # noqa: S101 - called for a process that ended
        self.deaths += 1
        log.warning("%s ended with %s and is started again", self.name, self._process.returncode)
        self._process = None
        self._wait_s = FIRST_WAIT_S if now - self._started_at > STEADY_S else min(self._wait_s * 2, LONGEST_WAIT_S)
        self._start_at = now + self._wait_s


def _log_file(folder: Path | None, name: str) -> IO[bytes]:
    """Where a child's output goes: a file that is appended to, or this process's standard error."""
    if folder is None:
        return os.fdopen(os.dup(2), "wb")
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / f"{name}.log").open("ab")


def _end_with_parent() -> None:
    """Runs in the child before its program: a killed supervisor leaves no orphans."""
    tie_to_parent(signal.SIGTERM)
