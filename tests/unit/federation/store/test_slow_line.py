"""A bucket behind a line that is slow and steady: what is under way is not given up while it moves as it may."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from pedcontour.federation.store.objects import BucketSharedStore, Pace, open_bucket

BYTES_PER_S = 500_000
CHUNK = 25_000
CONTENT = bytes(range(250)) * 6000
"""At this pace three seconds."""


class SlowLine:
    """An S3 that takes and gives bodies at ``BYTES_PER_S``."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            head = iter(lines.readline, b"\r\n")
            is_upload = next(head).startswith(b"PUT")
            lengths = [int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length:")]
            if is_upload:
                self._take(connection, lengths[0] - len(lines.peek()))
            connection.sendall(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nLast-Modified: Tue, 01 Sep 2026 08:00:00 GMT\r\n')
            connection.sendall(b"Content-Length: %d\r\nConnection: close\r\n\r\n" % (0 if is_upload else len(CONTENT)))
            for start in range(0, 0 if is_upload else len(CONTENT), CHUNK):
                connection.sendall(CONTENT[start : start + CHUNK])
                time.sleep(CHUNK / BYTES_PER_S)

    def _take(self, connection: socket.socket, left: int) -> None:
        while left > 0 and (taken := len(connection.recv(CHUNK))):
            left -= taken
            time.sleep(taken / BYTES_PER_S)


@pytest.fixture
def line() -> Iterator[SlowLine]:
    line = SlowLine()
    yield line
    line.close()


def _bucket(line: SlowLine, pace: Pace) -> BucketSharedStore:
    credentials = {"access_key_id": "a", "secret_access_key": "b", "region": "us-east-1"}
    return open_bucket("s3://b/run", allow_http=True, endpoint=line.endpoint, pace=pace, **credentials)


def test_an_object_may_take_the_time_that_its_size_needs(line: SlowLine) -> None:
    store = _bucket(line, Pace(answer_s=1.5, bytes_per_s=400_000))
    began = time.monotonic()
    store.put("sites/alder/sealed/a.age", CONTENT)
    assert time.monotonic() - began > 1.5
    assert store.get("sites/alder/sealed/a.age") == CONTENT


def test_the_study_s_network_has_the_time_that_a_line_of_one_megabit_needs() -> None:
    one_megabit = 125_000
    assert Pace().limit(123_200_000) > timedelta(seconds=123_200_000 / one_megabit)


def test_a_small_request_is_given_up_soon() -> None:
    assert Pace().limit(0) <= timedelta(minutes=1)
