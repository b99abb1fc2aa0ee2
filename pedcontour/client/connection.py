"""Requests to the service; every failure is one of ``pedcontour.errors``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from pedcontour import errors
from pedcontour.client.answers import error_of_problem
from pedcontour.errors import PedcontourError

CHUNK_BYTES = 256 * 1024
"""So much of a result is in memory at a time."""

EVENT_STREAM = "text/event-stream"


def path_of(job_id: str) -> str:
    """Where a job is found, whatever somebody took for its id."""
    return f"/v1/jobs/{quote(job_id, safe='')}"


class Connection:
    """A service at an address. Every method raises ``ServiceUnreachableError``, and what the service refuses."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """The document that answers a request; None where the answer is empty."""
        try:
            response = self._http.request(method, path, **request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unreachable(error) from None
        if response.is_error:
            raise _error_of(response)
        if response.status_code == httpx.codes.NO_CONTENT:
            return None
        try:
            return response.json()
        except ValueError:
            raise errors.ServiceUnreachableError("what answers there is not pedcontour") from None

    def fetch(self, path: str, target: Path) -> Path:
        """Put a file where ``target`` says, whole or not at all. Raises ``StoreError`` where it cannot be written."""
        part = target.with_name(f".{target.name}.part")
        try:
            with self._stream(path) as response, part.open("wb") as file:
                for chunk in response.iter_bytes(CHUNK_BYTES):
                    file.write(chunk)
            part.replace(target)
        except OSError as error:
            raise errors.StoreError(f"a result cannot be written: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)
        return target

    @contextmanager
    def lines(self, path: str, silence_s: float) -> Iterator[Iterator[str]]:
        """The lines of an event stream as they come; silence for ``silence_s`` is an error like any other."""
        timeout = httpx.Timeout(**self._http.timeout.as_dict() | {"read": silence_s})
        with self._stream(path, timeout=timeout, headers={"Accept": EVENT_STREAM}) as response:
            if not response.headers.get("content-type", "").startswith(EVENT_STREAM):
                raise errors.ServiceUnreachableError("it has no events")
            yield response.iter_lines()

    @contextmanager
    def _stream(self, path: str, **request: Any) -> Iterator[httpx.Response]:
        try:
            with self._http.stream("GET", path, **request) as response:
                if response.is_error:
                    response.read()
                    raise _error_of(response)
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unreachable(error) from None


def _unreachable(error: Exception) -> errors.ServiceUnreachableError:
    return errors.ServiceUnreachableError(type(error).__name__)


def _error_of(response: httpx.Response) -> PedcontourError:
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "code" in problem:
        return error_of_problem(problem)
    return errors.ServiceUnreachableError(f"it answered {response.status_code}, not as pedcontour does")
