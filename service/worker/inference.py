"""The supervisor of the one warm child that contours: it waits, watches the clock, and replaces what is broken."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic

from pedcontour.errors import (
    EngineUnusableError,
    OutOfMemoryError,
    PedcontourError,
    ProcessSilentError,
    RequestError,
    StoreError,
    WorkerTroubleError,
)
from service.jobs import Job, Priority
from service.worker.channel import ChannelClosedError
from service.worker.children import ChildProcess
from service.worker.gate import Gate, Passage
from service.worker.memory_kills import MemoryKills, memory_kills
from service.worker.messages import (
    Asks,
    Begin,
    Contour,
    Drawn,
    Failed,
    FromContouring,
    Go,
    Leaves,
    Progressed,
    Ready,
    Stop,
    receive,
    send,
)
from service.worker.patience import JobClock, Patience, stop_grace_s
from service.worker.run import Contoured, StageProgress

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
"""So often is looked at the clock and at whether to stop, while the child says nothing."""


class InferenceChild:
    """Contours in a child that outlives its jobs; for one thread at a time.

    The child is started by ``start`` or by the first job, and again after it ended. ``command`` starts it, with the
    settings of ``environment``; ``kills`` counts what the system killed for memory. Where there is a ``gate``, its
    network runs only in its turn: a child that is started later loads it in the turn of its first job, and not ahead.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        patience: Patience,
        kills: MemoryKills = memory_kills,
        gate: Gate | None = None,
    ) -> None:
        self._in_turn = gate is not None
        self._gate = gate or Gate()
        self._gate.join(self, self._rest)
        self._kills = kills
        self._command = command
        self._environment = environment
        self._patience = patience
        self._child: ChildProcess | None = None
        self._ready: Ready | None = None
        self._tile_s = 0.0  # the longest that a tile of the child's network has taken

    @property
    def pid(self) -> int | None:
        """The process id of the child, where there is one; any thread may ask."""
        child = self._child
        return child.pid if child is not None else None

    def start(self) -> None:
        """Start the child and wait until its model is loaded. Where there is a gate, nobody else may be working yet.

        Raises ``RequestError`` when it refuses its settings, ``EngineUnusableError`` when none of its models could be
        loaded, ``WorkerTroubleError`` when it does not start.
        """
        self._ready_child(load_ahead=True)
        if self._ready is not None and not self._ready.is_engine_usable:
            raise EngineUnusableError(self._ready.without_model)

    def prepare(self) -> None:
        """Start the child where there is none, and do not wait for it. Raises ``StoreError``."""
        if self._child is None:
            self._begin(load_ahead=not self._in_turn)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def contour(self, order: Contour, progress: StageProgress) -> Contoured:
        """Have one job done; ``progress`` is also told what it was told before, and may raise ``CancelledError``.

        Raises what the child's work raises; ``JobTimeoutError``; ``WorkerTroubleError`` when the child, not the job, is
        at fault, of these ``EngineUnusableError`` when the child refuses its settings. Whatever is raised, the next job
        finds a child that is not at this one any more.
        """
        self._gate.begin(self)  # first: from now on nobody else may end the child
        try:
            return self._contour(order, progress)
        finally:
            self._gate.end(self)

    def _contour(self, order: Contour, progress: StageProgress) -> Contoured:
        try:
            child = self._ready_child(load_ahead=not self._in_turn)
        except RequestError as error:  # not the job's: they fitted before, so a card or a package is gone
            raise EngineUnusableError(error.detail) from None
        child.begin_job()
        try:
            send(child.channel, order.model_copy(update={"in_turn": self._in_turn}))
            return self._wait(child, order.job, progress)
        except ChannelClosedError:
            cause = child.cause_of_death()
            log.warning("the contouring process is replaced: %s, %s", cause.code, cause.detail)
            self._replace()
            raise cause from None

    def _wait(self, child: ChildProcess, job: Job, progress: StageProgress) -> Contoured:
        clock = JobClock(self._patience)
        stage, share = "read", 0.0
        while True:
            message = receive(child.channel, FromContouring, LOOK_EVERY_S)
            clock.look(heard=message is not None, waits=self._gate.holds_back(self))
            match message:
                case Asks():
                    self._gate.ask(self, _passage(job, child, message.needs_bytes))
                case Leaves():
                    self._gate.leave(self)
                case Drawn():
                    return Contoured(message.verdicts, message.warnings, message.files, message.provenance)
                case Failed():
                    raise self._failure(message)
                case Progressed():
                    stage, share = message.stage, message.share
                    self._tile_s = max(self._tile_s, message.tile_s)
            if (error := clock.error()) is not None:
                self._replace()
                raise error
            if self._gate.refuses(self):
                self.close()  # and not replaced: its memory is wanted
                raise OutOfMemoryError("not enough beside the jobs of other lanes")
            self._tell(child, progress, stage, share)

    def _tell(self, child: ChildProcess, progress: StageProgress, stage: str, share: float) -> None:
        """Pass progress on; what stops the worker here, a cancelled job or a lost table, stops the child first."""
        try:
            progress(stage, share)
        except Exception:
            self._stop(child)
            raise

    def _failure(self, message: Failed) -> PedcontourError:
        error = message.error()
        # The cause may be in the process: a card fails every further call, memory that is short stays short.
        if isinstance(error, WorkerTroubleError | StoreError):
            log.warning("the contouring process is replaced: %s", error.code)
            self._replace()
        return error

    def _stop(self, child: ChildProcess) -> None:
        """Have the child leave its job; replace it where it does not soon."""
        give_up = monotonic() + stop_grace_s(self._tile_s)
        try:
            send(child.channel, Stop())
            while (left := give_up - monotonic()) > 0:
                message = receive(child.channel, FromContouring, left)
                if isinstance(message, Drawn | Failed):
                    return
        except ChannelClosedError:
            pass
        self._replace()

    def _replace(self) -> None:
        """End the child and start the next one, whose model loads while nobody waits for it, if nobody else works."""
        self.close()
        self._begin(load_ahead=not self._in_turn)

    def _rest(self) -> None:
        """End the child between jobs, for its memory is wanted elsewhere; the next job starts one."""
        if self._child is not None:
            log.info("memory is short: an idle contouring process is ended")
            self.close()

    def _begin(self, *, load_ahead: bool) -> ChildProcess:
        self._child = ChildProcess(self._command, self._environment, self._kills)
        self._ready = None
        self._tile_s = 0.0
        with suppress(ChannelClosedError):  # whoever waits for that child learns it, too
            send(self._child.channel, Begin(load_ahead=load_ahead))
        return self._child

    def _ready_child(self, *, load_ahead: bool) -> ChildProcess:
        child = self._child
        if child is None or child.has_ended:
            if child is not None:
                log.warning("the contouring process ended between jobs: %s", child.cause_of_death().detail)
            child = self._begin(load_ahead=load_ahead)
        if self._ready is None:
            self._await_ready(child)
        return child

    def _await_ready(self, child: ChildProcess) -> None:
        try:
            message = receive(child.channel, FromContouring, self._patience.start_s)
        except ChannelClosedError:
            self._child = None
            raise child.cause_of_death() from None
        if isinstance(message, Ready):
            self._ready = message
            if message.without_model:
                log.warning("no model was loaded ahead: %s", message.without_model)
            return
        self.close()
        if isinstance(message, Failed):
            raise message.error()
        raise ProcessSilentError(f"not ready after {self._patience.start_s:g} s")


def _passage(job: Job, child: ChildProcess, needs_bytes: int) -> Passage:
    """What a job's child asks for; one for which memory ran out before is not to meet that again beside another."""

    def admit() -> None:
        with suppress(ChannelClosedError):  # whoever waits for that child learns it, too
            send(child.channel, Go())

    return Passage(admit, job.priority is Priority.URGENT, needs_bytes, job.trouble == OutOfMemoryError.code)
