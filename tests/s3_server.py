"""An S3 over real HTTP for all tests: moto's, which keeps buckets in memory."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

import httpx
import obstore
import pytest
from obstore.store import S3Store
from werkzeug.serving import WSGIRequestHandler, make_server

from pedcontour.settings import Settings

KEY_ID, SECRET = "test-key-id", "canary-secret-of-the-bucket"

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True)
class S3Bucket:
    """A bucket of its own."""

    endpoint: str
    name: str

    def settings(self, **others: Any) -> Settings:
        """The settings of a service that keeps its results here, under a prefix."""
        return Settings(
            results_url=f"s3://{self.name}/results",
            results_endpoint=self.endpoint,
            results_access_key_id=KEY_ID,  # type: ignore[arg-type]
            results_secret_access_key=SECRET,  # type: ignore[arg-type]
            **others,
        )

    def keys(self) -> list[str]:
        """Every key in the bucket."""
        store = S3Store(
            self.name,
            config={"endpoint": self.endpoint, "access_key_id": KEY_ID, "secret_access_key": SECRET},
            client_options={"allow_http": True},
        )
        return sorted(found["path"] for found in obstore.list(store).collect())

    def remove(self) -> None:
        """Take the bucket, which must be empty, away."""
        httpx.delete(f"{self.endpoint}/{self.name}").raise_for_status()


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Say nothing: a line for each request would drown what a failing test shows."""


def one_at_a_time(app: Application) -> Application:
    """A real server decides a conditional write in one step; one that looks first and writes then, as moto and wsgidav
    do, must not be interrupted."""
    lock = Lock()

    def locked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with lock:
            return list(app(environ, start_response))

    return locked


@contextmanager
def running_s3() -> Iterator[str]:
    """A server's address while it runs; nothing leaves this machine."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # slow to import

    app = one_at_a_time(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def new_bucket(endpoint: str) -> S3Bucket:
    """An empty bucket."""
    bucket = S3Bucket(endpoint, f"bucket-{uuid.uuid4().hex}")
    httpx.put(f"{endpoint}/{bucket.name}").raise_for_status()
    return bucket


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of a server for all tests."""
    with running_s3() as endpoint:
        yield endpoint


@pytest.fixture
def s3_bucket(s3_endpoint: str) -> S3Bucket:
    """A new bucket."""
    return new_bucket(s3_endpoint)
