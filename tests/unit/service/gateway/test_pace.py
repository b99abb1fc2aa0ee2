"""An upload must keep coming; what the service itself takes is not held against the sender."""

import asyncio
from collections.abc import AsyncIterator
from time import sleep

import pytest

from pedcontour.errors import UploadTooSlowError
from service.gateway.pace import Pace, paced

QUICK = Pace(idle_s=0.2, min_bytes_per_s=1000)


async def body(*pieces: tuple[float, int]) -> AsyncIterator[bytes]:
    """Pieces of so many bytes, each after a wait in seconds."""
    for wait_s, length in pieces:
        await asyncio.sleep(wait_s)
        yield bytes(length)


def received(stream: AsyncIterator[bytes], pace: Pace, busy_s: float = 0.0) -> int:
    async def take() -> int:
        taken = 0
        async for piece in paced(stream, pace):
            sleep(busy_s)
            taken += len(piece)
        return taken

    return asyncio.run(take())


def test_a_body_that_comes_is_passed_on_whole() -> None:
    assert received(body((0, 10), (0.01, 0), (0.01, 500)), QUICK) == 510


def test_a_body_that_stops_is_refused() -> None:
    with pytest.raises(UploadTooSlowError, match=r"nothing for 0\.2 s"):
        received(body((0, 10_000), (60, 1)), QUICK)


def test_a_body_that_drips_is_refused() -> None:
    with pytest.raises(UploadTooSlowError, match="less than 1000 bytes a second"):
        received(body(*[(0.05, 1)] * 1000), QUICK)


def test_a_body_that_drips_is_taken_where_no_rate_is_asked_for() -> None:
    assert received(body(*[(0.05, 1)] * 8), Pace(idle_s=0.2, min_bytes_per_s=0)) == 8


def test_a_slow_disk_is_not_the_senders_fault() -> None:
    assert received(body(*[(0.001, 100)] * 8), QUICK, busy_s=0.1) == 800
