"""Clients that cost next to nothing: the body lies ready in a file, and the kernel hands it from the page cache on."""

import http.client
import threading
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Body:
    """A multipart body as ``pedcontour.client`` sends a folder."""

    file: Path
    content_type: str
    instances: int
    size_bytes: int


@dataclass(frozen=True)
class Sent:
    """One upload. Seconds from the first byte to the answer, and from the last byte to it; ``refusals`` were obeyed."""

    status: int
    whole_s: float = 0.0
    answer_s: float = 0.0
    refusals: int = 0
    address: str = ""


def write_body(files: Sequence[Path], target: Path) -> Body:
    """Put the files of a series into one body."""
    boundary = uuid.uuid4().hex
    with target.open("wb") as body:
        for number, file in enumerate(files, 1):
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{number:06}"\r\n\r\n'
            body.write(head.encode() + file.read_bytes() + b"\r\n")
        body.write(f"--{boundary}--\r\n".encode())
    return Body(target, f"multipart/form-data; boundary={boundary}", len(files), target.stat().st_size)


def send_at_once(url: str, body: Body, clients: int) -> list[Sent]:
    """Have so many clients send the same body, each over a connection of its own, all from the same moment on."""
    ready = threading.Barrier(clients)

    def one(_: int) -> Sent:
        ready.wait()
        return _send_until_taken(url, body)

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(one, range(clients)))


def _send_until_taken(url: str, body: Body) -> Sent:
    refusals = 0
    while True:
        sent, wait_s = _send(url, body, refusals)
        if wait_s is None:
            return sent
        refusals += 1
        sleep(wait_s)


def _send(url: str, body: Body, refusals: int) -> tuple[Sent, float | None]:
    """Send once; with it the seconds to wait where it was refused for now. Status 0 is a broken connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
    began = monotonic()
    try:
        connection.putrequest("POST", "/v1/jobs")
        connection.putheader("Content-Type", body.content_type)
        connection.putheader("Content-Length", str(body.size_bytes))
        connection.endheaders()
        with body.file.open("rb") as file:
            connection.sock.sendfile(file)
        last_byte = monotonic()
        answer = connection.getresponse()
        answer.read()
    except OSError:
        return Sent(0, refusals=refusals), None
    finally:
        connection.close()
    now = monotonic()
    sent = Sent(answer.status, now - began, now - last_byte, refusals, answer.headers.get("Location", ""))
    after = answer.headers.get("Retry-After")
    return sent, float(after) if answer.status in (429, 503) and after else None
