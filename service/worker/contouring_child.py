"""What the warm child does: contour one order after the other, showing life, until its worker is gone."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from queue import SimpleQueue
from time import monotonic

from pedcontour.errors import (
    CancelledError,
    DeviceFailedError,
    OutOfMemoryError,
    PedcontourError,
    StoreError,
    UnexpectedError,
)
from service.confinement import gain_no_rights, no_core_dumps, private_files, tie_to_parent
from service.worker.channel import Channel, ChannelClosedError
from service.worker.messages import (
    Alive,
    Asks,
    Contour,
    Drawn,
    Failed,
    FirstToContouring,
    Go,
    Leaves,
    Progressed,
    Ready,
    Stop,
    ToContouring,
    receive,
    send,
)
from service.worker.run import Contoured, StageProgress

log = logging.getLogger(__name__)

ALIVE_EVERY_S = 1.0
"""A sign of life comes so often during a job, from a thread of its own."""

NETWORK_STAGE = "segment"
"""The stage of ``pedcontour.contour.stages`` in which the network runs."""

Turn = Callable[[int], AbstractContextManager[None]]
"""Waits for the turn to run the network, which needs so many bytes, and gives it on at the end of the block; see
``pedcontour.contour.stages``."""

Contouring = Callable[[Contour, StageProgress, Turn], Contoured]
"""Does one order. ``progress`` and ``turn`` raise ``CancelledError`` when the work must stop, and the turn is taken
where the order says so. Raises ``PedcontourError``."""


def join_worker(descriptor: int) -> Channel:
    """The first thing a child does: tie itself to its worker and take up the channel."""
    private_files()
    no_core_dumps()
    tie_to_parent()
    gain_no_rights()
    return Channel.inherited(descriptor)


def serve_orders(channel: Channel, contour: Contouring, load_ahead: Callable[[], None]) -> None:
    """Tell the worker that all is ready, and do its orders until it goes, which ends this process.

    Before it is ready it does ``load_ahead``, which runs the network of the default model, where the worker says so.
    Where that raises, the loading is left to the first job.
    """
    child = _Child(channel)
    try:
        begin = receive(channel, FirstToContouring)
    except ChannelClosedError:
        return
    without_model = ""
    try:
        if begin is not None and begin.load_ahead:
            load_ahead()
    except Exception as error:  # the job that meets it again tells of it; messages may hold paths
        without_model = _code_of(error)
    threading.Thread(target=child.listen, name="listen", daemon=True).start()
    send(channel, Ready(without_model=without_model))
    while True:
        child.do(child.orders.get(), contour)


class _Child:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.orders: SimpleQueue[Contour] = SimpleQueue()
        self._stopped = threading.Event()
        self._called = threading.Event()
        self._told = ("", 0.0, 0.0)

    def listen(self) -> None:
        """Take the worker's messages; its end is this process's end, whatever is under way."""
        try:
            while True:
                message = receive(self.channel, ToContouring)
                match message:
                    case Stop():
                        self._stopped.set()
                        self._called.set()
                    case Go():
                        self._called.set()
                    case Contour():
                        self._stopped.clear()
                        self._called.clear()
                        self.orders.put(message)
        except ChannelClosedError:
            os._exit(0)

    def do(self, order: Contour, contour: Contouring) -> None:
        """Do one order and tell how it ended; a card that failed ends this process, too."""
        with _Signs(self.channel):
            try:
                done = contour(order, self._progress, self._turn)
                answer: Drawn | Failed = Drawn(**vars(done))
            except Exception as error:
                answer = Failed.of(_as_ours(error))
        send(self.channel, answer)
        if isinstance(answer, Failed) and answer.problem.code == DeviceFailedError.code:
            os._exit(1)

    def _progress(self, stage: str, share: float) -> None:
        if self._stopped.is_set():
            raise CancelledError
        send(self.channel, Progressed(stage=stage, share=share, tile_s=self._tile_s(stage, share)))

    def _tile_s(self, stage: str, share: float) -> float:
        """Seconds since progress was told before in the network's stage, which tells it after each tile."""
        before, self._told = self._told, (stage, share, monotonic())
        is_tile = before[0] == stage == NETWORK_STAGE and share > before[1]
        return self._told[2] - before[2] if is_tile else 0.0

    @contextmanager
    def _turn(self, needs_bytes: int) -> Iterator[None]:
        send(self.channel, Asks(needs_bytes=needs_bytes))
        self._called.wait()
        if self._stopped.is_set():
            raise CancelledError
        try:
            yield
        finally:
            send(self.channel, Leaves())


class _Signs:
    """Signs of life from a thread of its own, while a job is under way: a process that is stopped gives none."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="life", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ended.wait(ALIVE_EVERY_S):
                send(self._channel, Alive())
        except ChannelClosedError:
            os._exit(0)


def _as_ours(error: Exception) -> PedcontourError:
    """Of a foreign exception only the class is told: its message may hold values of the patient's headers.

    It may come from the images, or from a process that is short of memory, threads or files: another attempt, in a new
    process, tells one from the other.
    """
    if isinstance(error, PedcontourError):
        return error
    if isinstance(error, MemoryError):
        return OutOfMemoryError(type(error).__name__)
    if isinstance(error, OSError):
        return StoreError(type(error).__name__)
    log.error("unexpected error: %s", type(error).__name__)
    return UnexpectedError(type(error).__name__)


def _code_of(error: Exception) -> str:
    return error.code if isinstance(error, PedcontourError) else type(error).__name__
