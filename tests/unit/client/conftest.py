"""The client and the real gateway: in one process, or over a real connection; the worker's part is done by hand."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from pedcontour.client import Client
from tests.stand_ins.model import write_stand_in_model
from tests.unit.service.gateway.conftest import KEY, Gateway, make_gateway


class InProcess(httpx.BaseTransport):
    """Carries the client's requests to a gateway in this process, and holds events back, as some proxies do."""

    def __init__(self, gateway: TestClient) -> None:
        self._gateway = gateway

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            raise httpx.ReadTimeout("held back", request=request)
        answer = self._gateway.request(
            request.method, str(request.url), content=request.read(), headers=dict(request.headers)
        )
        headers = [(name, value) for name, value in answer.headers.items() if name != "content-encoding"]
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    write_stand_in_model(tmp_path / "models")
    gateway = make_gateway(tmp_path, KEY)
    with gateway.http:
        yield gateway


@pytest.fixture
def client(gateway: Gateway) -> Iterator[Client]:
    with Client("http://testserver", KEY, transport=InProcess(gateway.http)) as client:
        yield client


@pytest.fixture
def address(gateway: Gateway) -> Iterator[str]:
    """Where the gateway is served over a real connection, its events with it."""
    with served(gateway) as address:
        yield address


@contextmanager
def served(gateway: Gateway, port: int = 0) -> Iterator[str]:
    """Serve a gateway on a port of this machine."""
    config = uvicorn.Config(gateway.http.app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", port)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            gateway.parts.closing.set()
            server.should_exit = True
            thread.join()


@pytest.fixture
def series(tmp_path: Path) -> Path:
    folder = tmp_path / "Phantom^Child"
    (folder / "deeper").mkdir(parents=True)
    (folder / "b.dcm").write_bytes(b"second")
    (folder / "a.dcm").write_bytes(b"first" * 100_000)
    (folder / "deeper" / "c").write_bytes(b"third")
    return folder
