"""Lines of text between a worker and its children: capped in length, never pickled, and an end that is noticed."""

import math
import select
import socket
import struct
import threading
from dataclasses import dataclass, field
from time import monotonic

MAX_LINE_BYTES = 8 * 2**20
"""The longest line: a refusal that names each of ten thousand instances takes a tenth of it."""

SEND_TIMEOUT_S = 30
"""A reader that takes nothing for so long has stopped reading."""

_PIECE_BYTES = 64 * 1024


class ChannelClosedError(Exception):
    """The other side is gone, or sent what is no line."""


@dataclass
class Channel:
    """One end of a socket pair. Any thread may send; one at a time may receive."""

    connection: socket.socket
    _received: bytearray = field(default_factory=bytearray)
    _sending: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        timeout = struct.pack("@ll", SEND_TIMEOUT_S, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)

    @classmethod
    def inherited(cls, descriptor: int) -> "Channel":
        """The end that a parent passed on as an open file descriptor."""
        return cls(socket.socket(fileno=descriptor))

    def send(self, line: bytes) -> None:
        """Send a line, given without its end. Raises ``ChannelClosedError``, ``ValueError`` for one that is none."""
        if b"\n" in line or len(line) > MAX_LINE_BYTES:
            raise ValueError("not a line, or too long")
        try:
            with self._sending:
                self.connection.sendall(line + b"\n")
        except OSError:
            raise ChannelClosedError from None

    def receive(self, timeout_s: float | None = None) -> bytes | None:
        """The next line without its end, or None when none came in time. Raises ``ChannelClosedError``."""
        give_up = None if timeout_s is None else monotonic() + timeout_s
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > MAX_LINE_BYTES:
                raise ChannelClosedError
            if not self._is_readable(give_up):
                return None
            self._receive_piece()
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line

    def close(self) -> None:
        """Close this end."""
        self.connection.close()

    def _is_readable(self, give_up: float | None) -> bool:
        poll = select.poll()  # unlike select(2), for any number of open files
        poll.register(self.connection, select.POLLIN)
        left = None if give_up is None else math.ceil(1000 * max(0.0, give_up - monotonic()))
        return bool(poll.poll(left))

    def _receive_piece(self) -> None:
        try:
            piece = self.connection.recv(_PIECE_BYTES)
        except OSError:
            raise ChannelClosedError from None
        if not piece:
            raise ChannelClosedError
        self._received += piece
