"""Connections that are slow with the head of a request, over real sockets."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from service.gateway.heads import watching_heads

HEAD_S = 1.0
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


async def slow_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes a body, and answers after longer than a head may take."""
    import asyncio

    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(2 * HEAD_S)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    config = uvicorn.Config(slow_answer, http=watching_heads(HEAD_S), lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield listening.getsockname()
        server.should_exit = True
        thread.join()


@pytest.fixture
def connection(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, 5.0) as connection:
        yield connection


def drip(connection: socket.socket, text: bytes, every_s: float = 0.05) -> float:
    """Send byte by byte until the other side closes the connection; how long that took, in seconds."""
    began = time.monotonic()
    connection.settimeout(every_s)
    for byte in text:
        try:
            connection.sendall(bytes([byte]))
            if connection.recv(1024) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        pytest.fail("it was never closed")
    return time.monotonic() - began


def answer(connection: socket.socket) -> bytes:
    connection.settimeout(5.0)
    got = b""
    while not got.endswith(b"ok"):
        piece = connection.recv(1024)
        assert piece, "closed without an answer"
        got += piece
    return got


@pytest.mark.parametrize("head", [REQUEST[:-2] + b"X: " + b"x" * 300, b"\r\n" * 150], ids=["header", "blank lines"])
def test_a_head_that_drips_is_cut_off(connection: socket.socket, head: bytes) -> None:
    assert HEAD_S / 2 < drip(connection, head) < 5 * HEAD_S


@pytest.mark.parametrize("start", [b"", REQUEST[:-2]], ids=["nothing", "half a head"])
def test_a_connection_that_falls_silent_before_its_head_is_whole_is_closed(
    connection: socket.socket, start: bytes
) -> None:
    connection.sendall(start)
    assert connection.recv(1024) == b""


def test_the_second_head_of_a_connection_is_watched_like_the_first(connection: socket.socket) -> None:
    connection.sendall(REQUEST)
    assert b"200" in answer(connection)
    assert HEAD_S / 2 < drip(connection, REQUEST[:-2] + b"X: " + b"x" * 300) < 5 * HEAD_S


def test_an_answer_and_a_body_may_take_longer_than_a_head(connection: socket.socket) -> None:
    for _ in range(2):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n")
        time.sleep(2 * HEAD_S)
        connection.sendall(b"ab")
        assert b"200" in answer(connection)


def test_a_head_in_two_pieces_is_in_time(connection: socket.socket) -> None:
    connection.sendall(REQUEST[:10])
    time.sleep(HEAD_S / 4)
    connection.sendall(REQUEST[10:])
    assert b"200" in answer(connection)
