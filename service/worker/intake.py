"""The supervisor of the intake: one expendable process an upload, with a spare one that has started already."""

import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic

from pedcontour.errors import IntakeBrokenError, IntakeLimitError, PedcontourError
from service.confinement import Limits
from service.worker.channel import ChannelClosedError
from service.worker.children import ChildProcess
from service.worker.messages import Failed, FromIntake, TakeIn, TakenIn, receive, send

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
"""So often is looked at the clock and at whether to stop."""

_OVER_A_LIMIT = frozenset({signal.SIGXCPU, signal.SIGXFSZ})
_BROKEN = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE})


class Intake:
    """Checks uploads, each in a process of its own that is killed afterwards; for one thread at a time.

    ``command`` starts such a process in ``environment``; ``limits`` are what it may take, ``timeout_s`` how long.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], limits: Limits, timeout_s: float):
        self._command = command
        self._environment = environment
        self._limits = limits
        self._timeout_s = timeout_s
        self._spare: ChildProcess | None = None

    def prepare(self) -> None:
        """Start the process for the next upload, so that this one need not wait for an interpreter."""
        if self._spare is None or self._spare.has_ended:
            self.close()
            self._spare = ChildProcess(self._command, self._environment)

    def close(self) -> None:
        """End the spare process."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.end()

    def take(self, upload: Path, folder: Path, series_uid: str | None, tick: Callable[[], None]) -> TakenIn:
        """Put the clean files of an upload's CT series into ``folder``, which exists; ``tick`` may raise to stop.

        Raises ``InputError`` for what is refused, ``IntakeLimitError`` and ``IntakeBrokenError`` among them;
        ``StoreError`` and ``WorkerTroubleError`` for what another attempt may not meet.
        """
        self.prepare()
        child, self._spare = self._spare, None
        assert child is not None  # noqa: S101 - prepared above
        order = TakeIn(upload=upload.absolute(), folder=folder, series_uid=series_uid, limits=self._limits)
        child.begin_job()
        try:
            send(child.channel, order)
            return self._wait(child, tick)
        except ChannelClosedError:
            raise _refusal(child) from None
        finally:
            child.end()
            self.prepare()

    def _wait(self, child: ChildProcess, tick: Callable[[], None]) -> TakenIn:
        began = monotonic()
        while monotonic() - began < self._timeout_s:
            message = receive(child.channel, FromIntake, LOOK_EVERY_S)
            if message is None:
                tick()
                continue
            if isinstance(message, Failed):
                _tell("refused", began, message, code=message.problem.code)
                raise message.error()
            _tell("slices taken in", began, message, count=message.slices)
            return message
        raise IntakeLimitError(f"more than {self._timeout_s:g} s")


def _tell(outcome: str, began: float, message: TakenIn | Failed, **fields: str | int) -> None:
    """The count and the code as fields of their own: in a sentence, what holds a blank would be left out."""
    told = {"duration_s": round(monotonic() - began, 3), **fields}
    log.info(f"intake: {outcome}, %d MiB at most", message.peak_bytes >> 20, extra=told)


def _refusal(child: ChildProcess) -> PedcontourError:
    """Why a process ended without an answer: its limits, its upload, or neither of them."""
    cause = child.cause_of_death()
    if child.ended_by in _OVER_A_LIMIT:
        return IntakeLimitError(signal.Signals(child.ended_by).name)
    if child.ended_by in _BROKEN:
        log.warning("an upload broke the intake: %s", cause.detail)
        return IntakeBrokenError(cause.detail)
    return cause
