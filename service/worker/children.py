"""A child process with a channel: in a session of its own, killed as a group, gone when its worker is."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from pedcontour.errors import OutOfMemoryError, ProcessEndedError, StoreError, WorkerTroubleError
from service.worker.channel import Channel
from service.worker.memory_kills import MemoryKills, memory_kills

# Linux ties a child to the life of the thread that started it, so one thread that lives to the end starts them all.
_starter = ThreadPoolExecutor(1, thread_name_prefix="starter")


class ChildProcess:
    """A running child. ``command`` gets the descriptor of its end of the channel as a last argument.

    Its temporary files lie in a folder of their own that goes with it, however it ends. ``kills`` counts what the
    system killed for memory. Raises ``StoreError`` when it cannot be started.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], kills: MemoryKills = memory_kills
    ) -> None:
        self._kills = kills
        self._kills_before = kills()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._folder = Path(tempfile.mkdtemp(prefix="pedcontour-child-"))
                self._process = _starter.submit(_start, command, environment, theirs, self._folder).result()
        except OSError as error:
            ours.close()
            raise StoreError(f"a child process cannot be started: {type(error).__name__}") from None
        self.channel = Channel(ours)
        self._killed = self._is_buried = False

    @property
    def pid(self) -> int:
        """The process id, also of a child that has ended."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def end(self, grace_s: float = 0.0) -> None:
        """Close the channel, wait ``grace_s`` for the process to end by itself, then kill it and all it started."""
        if self._is_buried:  # its number may be another process's by now
            return
        self._is_buried = True
        self.channel.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        self._killed = self._killed or self._process.poll() is None
        # The group may outlive its leader, so it is killed in any case.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def begin_job(self) -> None:
        """Learn that a job begins: what the system killed before was not this job's doing."""
        self._kills_before = self._kills()

    @property
    def ended_by(self) -> int:
        """The signal that ended the process, 0 where it ended by itself or has not ended."""
        status = self._process.poll()
        return -status if status is not None and status < 0 else 0

    def cause_of_death(self) -> WorkerTroubleError:
        """Why the process ended that nobody here ended; waits for it to be gone."""
        self.end(grace_s=1.0)
        if self._killed:
            return ProcessEndedError("it closed its channel")
        if not self.ended_by:
            return ProcessEndedError(f"exit status {self._process.returncode}")
        if self.ended_by == signal.SIGKILL:  # nobody here sent it
            if self._kills_before is not None and (self._kills() or 0) > self._kills_before:
                return OutOfMemoryError("killed by the system, whose count of such kills has grown")
            return ProcessEndedError("killed from outside, and not for memory as far as the system tells")
        return ProcessEndedError(signal.Signals(self.ended_by).name)


def _start(
    command: Sequence[str], environment: Mapping[str, str], channel: socket.socket, folder: Path
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - the command comes from the composition root
        [*command, str(channel.fileno())],
        env={**environment, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=2,  # what a library prints must not look like a worker's answer
        pass_fds=[channel.fileno()],
        start_new_session=True,
    )
