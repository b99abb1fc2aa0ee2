"""The client itself: a method for each thing the API can do."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from pedcontour import errors
from pedcontour.client.answers import JobEvent, RemoteJob, done, job_of, not_ours, plain_name
from pedcontour.client.connection import Connection, path_of
from pedcontour.client.sending import body_of, files_of
from pedcontour.client.watching import Watch
from pedcontour.outputs import OutputWishes


class Client:
    """A service at ``url``. Errors are those of ``pedcontour.errors``, by the code the service answers with.

    Every method raises ``ServiceUnreachableError`` when the service does not answer. ``transport`` is httpx's door
    for certificates and proxies of one's own, and for tests.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"X-API-Key": api_key} if api_key else {}
        http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, transport=transport)
        self._connection = Connection(http)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def submit(  # noqa: PLR0913 - a keyword for each option of the API
        self,
        source: Path | Sequence[Path],
        *,
        model: str | None = None,
        structures: Sequence[str] = (),
        absent: Sequence[str] = (),
        present: Sequence[str] = (),
        absence_policy: str | None = None,
        series: str | None = None,
        mode: str | None = None,
        outputs: OutputWishes | None = None,
        urgent: bool = False,
        request_key: str | None = None,
        on_sent: Callable[[int, int], None] = lambda sent, total: None,
    ) -> RemoteJob:
        """Send a folder (with all below it), a zip, or a list of files; streamed, never all in memory.

        ``mode`` is the quality in which the network runs; ``outputs`` says which files are wanted and how, in words;
        an ``urgent`` job is begun before those that are not.
        ``request_key`` is any name of yours for this request: sent again after a broken connection, it gives the job
        of the first time instead of a second one. ``on_sent`` is told the bytes sent so far and in all. File names stay
        here: they may name a patient.
        Raises ``UploadEmptyError`` where there is no file, ``FileUnreadableError``, and what the service refuses.
        """
        given = {
            "model": model,
            "structures": list(structures),
            "absent": list(absent),
            "present": list(present),
            "absence_policy": absence_policy,
            "series": series,
            "mode": mode,
            "priority": "urgent" if urgent else None,
        }
        query = {name: value for name, value in given.items() if value} | (outputs or OutputWishes()).given()
        body = body_of(files_of(source))
        headers = {"Content-Type": body.content_type, "Content-Length": str(body.size_bytes)}
        headers |= {"Idempotency-Key": request_key} if request_key is not None else {}
        return job_of(self._ask("POST", "/v1/jobs", params=query, content=body.told(on_sent), headers=headers))

    def job(self, job_id: str) -> RemoteJob:
        """How a job stands. Raises ``JobNotFoundError``."""
        return job_of(self._ask("GET", path_of(job_id)))

    def cancel(self, job_id: str) -> RemoteJob:
        """Stop a job. Raises ``JobNotFoundError``."""
        return job_of(self._ask("POST", f"{path_of(job_id)}/cancel"))

    def erase(self, job_id: str) -> None:
        """Erase a job with its images and results, in any state. Raises ``JobNotFoundError``."""
        self._ask("DELETE", path_of(job_id))

    def jobs(
        self,
        *,
        states: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 50,
    ) -> Iterator[RemoteJob]:
        """The jobs of this key's tenant, the newest first, each once; a page is asked for when it is reached.

        ``states`` keeps those in one of them. ``since`` and ``until``, with a time zone, keep those accepted at
        ``since`` or later and before ``until``. ``page_size`` is 1 to 200 jobs. Raises ``RequestError`` for what does
        not fit.
        """
        times = {"since": since, "until": until}
        query: dict[str, Any] = {name: time.isoformat() for name, time in times.items() if time is not None}
        query |= {"state": list(states), "limit": page_size}
        while True:
            page = self._ask("GET", "/v1/jobs", params=query)
            jobs, cursor = _page(page)
            yield from jobs
            if cursor is None:
                return
            query["cursor"] = cursor

    def events(self, job_id: str) -> Iterator[JobEvent]:
        """How a job stands, and every change as it happens, until it has ended; outlasts a restart of the service.

        It listens to the service's events, and asks where those do not come through. Raises ``JobNotFoundError``, also
        for a job that is erased meanwhile.
        """
        return (job.event for job in Watch(self._connection, job_id).changes())

    def wait(
        self,
        job_id: str,
        on_progress: Callable[[RemoteJob], None] = lambda job: None,
        timeout_s: float | None = None,
    ) -> RemoteJob:
        """Wait until the job is done, telling ``on_progress`` of every change; outlasts a restart of the service.

        Like ``events``, it listens, and asks where it hears nothing. Raises the problem of a job that failed
        (``NothingDrawnError`` with the verdicts), ``CancelledError`` for one that was cancelled, ``JobFailedError``
        when ``timeout_s`` have passed.
        """
        for job in Watch(self._connection, job_id, timeout_s).changes():
            on_progress(job)
            if job.has_ended:
                return done(job)
        raise AssertionError("a watch ends with the end of its job")

    def download(self, job_id: str, out: Path) -> list[Path]:
        """Fetch every result of a done job into ``out``, which is made; a file appears whole or not at all.

        Raises ``OutputFolderNotEmptyError``, ``ResultNotReadyError``, ``JobFailedError``, ``StoreError``.
        """
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise errors.OutputFolderNotEmptyError
        job = self.job(job_id)
        if job.state != "done":
            raise errors.ResultNotReadyError(f"its state is {job.state}")
        out.mkdir(parents=True, exist_ok=True)
        return [
            self._connection.fetch(f"{path_of(job_id)}/results/{name}", out / plain_name(name)) for name in job.results
        ]

    def models(self) -> list[dict[str, Any]]:
        """The installed models with the organs they draw."""
        found: list[dict[str, Any]] = self._ask("GET", "/v1/models")["models"]
        return found

    def templates(self) -> list[dict[str, Any]]:
        """The templates of ROI names that a job may ask for."""
        found: list[dict[str, Any]] = self._ask("GET", "/v1/templates")["templates"]
        return found

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        return self._connection.ask(method, path, **request)


def _page(page: Any) -> tuple[list[RemoteJob], str | None]:
    """The jobs of a page, and where to go on. Of the address of the next page the cursor alone is believed."""
    try:
        jobs, following = page["jobs"], page["next"]
        cursor = parse_qs(urlsplit(following).query)["cursor"][0] if following is not None else None
    except (KeyError, TypeError, ValueError):
        raise not_ours() from None
    return [job_of(job) for job in jobs], cursor
