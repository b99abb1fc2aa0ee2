"""How long a connection may take to send the head of a request: one that drips it, or sends none, holds a place for
nothing. uvicorn itself watches connections between two requests only; bodies are ``pace``'s to watch."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HeadWatch(HttpToolsProtocol):
    """uvicorn's protocol, which also closes a connection whose request has no whole head within ``head_timeout_s``.

    The time runs from the connection's beginning, and from the first byte after an answer.
    """

    head_timeout_s = 15.0
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See ``asyncio.Protocol``."""
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:  # uvicorn makes one as soon as a head is whole
            self._end()
        elif self.cycle is None or self.cycle.response_complete:
            self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        if self._watch is None:
            self._watch = self.loop.call_later(self.head_timeout_s, self.transport.close)

    def _end(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


def watching_heads(timeout_s: float) -> type[HeadWatch]:
    """The protocol with a time of its own, as uvicorn takes it: a class."""
    return type("HeadWatch", (HeadWatch,), {"head_timeout_s": timeout_s})
