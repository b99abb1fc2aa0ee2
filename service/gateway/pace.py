"""How slowly an upload may come: one that stops, or drips, holds a connection and a place on the disk for nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic

from pedcontour.errors import UploadTooSlowError


@dataclass(frozen=True)
class Pace:
    """The least an upload must do: not be silent for ``idle_s``, and bring so many bytes a second on average.

    The average counts only what is waited for the sender, and only from ``idle_s`` on. A rate of 0 is no limit.
    """

    idle_s: float = 30.0
    min_bytes_per_s: int = 16 * 1024


DEFAULT_PACE = Pace()
"""What suits a hospital's network, where a series takes seconds."""


async def paced(stream: AsyncIterator[bytes], pace: Pace) -> AsyncIterator[bytes]:
    """The pieces of a body as they come. Raises ``UploadTooSlowError``."""
    waited_s, received = 0.0, 0
    while True:
        began = monotonic()
        try:
            piece = await asyncio.wait_for(anext(stream), pace.idle_s)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise UploadTooSlowError(f"nothing for {pace.idle_s:g} s") from None
        waited_s += monotonic() - began
        received += len(piece)
        if waited_s > pace.idle_s and received < pace.min_bytes_per_s * waited_s:
            raise UploadTooSlowError(f"less than {pace.min_bytes_per_s} bytes a second")
        yield piece
