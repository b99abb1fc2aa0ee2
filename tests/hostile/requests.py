"""Hostile HTTP, spoken over a bare socket: what no client library would send."""

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.hostile.archives import good_zip
from tests.hostile.dicoms import good_series

ENDLESS_BYTES = 2**30
"""Where an endless body gives up: far beyond the limits that the table is made with."""

CLOSED = 0
"""The status of a connection that the service ended without a word, as it may."""


@dataclass(frozen=True)
class HttpAttack:
    """One row of the table. ``send`` gets an address and yields the status of each answer."""

    name: str
    send: Callable[[tuple[str, int]], Iterator[int]]
    statuses: frozenset[int]


def _talk(address: tuple[str, int], *pieces: bytes, timeout_s: float = 60.0) -> int:
    """Send bytes and return the status of the answer."""
    with socket.create_connection(address, timeout_s) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return _status(connection)


def _status(connection: socket.socket) -> int:
    try:
        answer = connection.recv(4096)
    except ConnectionResetError:
        return CLOSED
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else CLOSED


def _head(*headers: str, content_type: str = "application/zip") -> bytes:
    lines = ("POST /v1/jobs HTTP/1.1", "Host: localhost", f"Content-Type: {content_type}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _gzip_body(address: tuple[str, int]) -> Iterator[int]:
    body = gzip.compress(good_zip())
    for encoding in ("gzip", "deflate", "br", "identity, gzip"):
        yield _talk(address, _head(f"Content-Encoding: {encoding}", f"Content-Length: {len(body)}"), body)


def _xml_body(address: tuple[str, int]) -> Iterator[int]:
    body = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    for kind in ("application/xml", "text/xml", "application/dicom+xml", "image/svg+xml"):
        yield _talk(address, _head(f"Content-Length: {len(body)}", content_type=kind), body)


def _endless_body(address: tuple[str, int]) -> Iterator[int]:
    piece = bytes(2**20)
    chunk = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    boundary = 'multipart/form-data; boundary="b"'
    start = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    first = f"{len(start):x}\r\n".encode() + start + b"\r\n"
    yield _pour(address, _head("Transfer-Encoding: chunked"), chunk)
    yield _pour(address, _head("Transfer-Encoding: chunked", content_type=boundary) + first, chunk)
    yield _pour(address, _head("Transfer-Encoding: chunked", content_type="text/plain"), chunk)
    yield _talk(address, _head(f"Content-Length: {2**50}"), piece)


def _pour(address: tuple[str, int], head: bytes, chunk: bytes) -> int:
    """Send a body until it is refused."""
    with socket.create_connection(address, 60.0) as connection:
        sent = 0
        try:
            connection.sendall(head)
            while sent < ENDLESS_BYTES:
                connection.sendall(chunk)
                sent += len(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return _status(connection) if sent < ENDLESS_BYTES else 599


def _slow_body(address: tuple[str, int]) -> Iterator[int]:
    """Bodies that stop, and that drip; the service of the table waits two seconds."""
    head = _head("Content-Length: 1000000")
    yield _talk(address, head + b"PK\x03\x04")
    yield _talk(address, head)
    with socket.create_connection(address, 60.0) as connection:
        connection.sendall(head)
        yield _drip(connection, b"x" * 200)


def _slow_head(address: tuple[str, int]) -> Iterator[int]:
    """Heads that never come, stop, or drip, also as blank lines; the service of the table waits two seconds."""
    start = _head()[:-2]
    for said in (b"", b"\r\n", b"POST", start):
        yield _talk(address, said)
    for dripping in (start + b"X: " + b"x" * 200, b"\r\n" * 100):
        with socket.create_connection(address, 60.0) as connection:
            yield _drip(connection, dripping)


def _drip(connection: socket.socket, text: bytes) -> int:
    """Send a byte every quarter of a second until there is an answer."""
    connection.settimeout(0.25)
    for byte in text:
        try:
            connection.sendall(bytes([byte]))
            answer = connection.recv(4096)
        except TimeoutError:
            continue
        except OSError:
            return CLOSED
        return int(answer.split(b" ", 2)[1]) if answer else CLOSED
    return 599


def _smuggling(address: tuple[str, int]) -> Iterator[int]:
    """Two lengths, a length and chunks, lengths that are none, and a second request behind the first."""
    second = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for headers in (
        ("Content-Length: 4", "Content-Length: 100"),
        ("Content-Length: 4", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Content-Length: -1",),
        ("Content-Length: 0x10",),
        ("Content-Length: 4 4",),
        ("Content-Length : 4",),
        ("X: a\r\n folded", "Content-Length: 4"),
        ("X: " + "a" * 200_000, "Content-Length: 4"),
    ):
        yield _talk(address, _head(*headers, content_type="text/plain") + b"PK\x05\x06" + second)


def _multipart(address: tuple[str, int]) -> Iterator[int]:
    """Bodies without end boundary, of countless parts and fields, and file names that are paths."""
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="../../etc/passwd"\r\n\r\nx\r\n'
    field = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nx\r\n'
    kind = "multipart/form-data; boundary=b"
    for body in (
        part,
        part * 50_000 + b"--b--\r\n",
        field * 5_000 + b"--b--\r\n",
        b"--c--\r\n",
        b"--b\r\n\r\nx\r\n--b--\r\n",
    ):
        yield _talk(address, _head(f"Content-Length: {len(body)}", content_type=kind), body)
    long = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n' + b"x" * 2**20 + b"\r\n--b--\r\n"
    yield _talk(address, _head(f"Content-Length: {len(long)}", content_type=kind), long)
    yield _talk(address, _head("Content-Length: 4", content_type="multipart/form-data"), b"PK\x05\x06")


def _broken_off(address: tuple[str, int]) -> Iterator[int]:
    """Connections that end in mid-body."""
    body = good_series()[0]
    for share in (0, 1, 2, 3):
        with socket.create_connection(address, 60.0) as connection:
            connection.sendall(_head(f"Content-Length: {len(body)}") + body[: len(body) * share // 4])
            connection.shutdown(socket.SHUT_WR)
            time.sleep(0.05)
        yield CLOSED


HTTP_ATTACKS: tuple[HttpAttack, ...] = (
    HttpAttack("gzip and other content encodings", _gzip_body, frozenset({415})),
    HttpAttack("XML as a body", _xml_body, frozenset({415})),
    HttpAttack("endless bodies", _endless_body, frozenset({413, 415, CLOSED})),
    HttpAttack("bodies that drip or stop", _slow_body, frozenset({408, CLOSED})),
    HttpAttack("heads that drip or stop", _slow_head, frozenset({CLOSED})),
    HttpAttack("two lengths and other smuggling", _smuggling, frozenset({400, 413, 415, 431, CLOSED})),
    HttpAttack("hostile multipart", _multipart, frozenset({400, 413, 415, 422})),
    HttpAttack("connections broken off", _broken_off, frozenset({CLOSED})),
)
