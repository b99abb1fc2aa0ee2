"""A client of the service: send a series, wait, fetch the results. Needs httpx and nothing else.

::

    client = Client("http://127.0.0.1:8000")
    job = client.submit(Path("ct-series"), absent=["Kidney_L"])
    client.wait(job.id, on_progress=lambda job: print(job.stage, job.progress))
    client.download(job.id, Path("results"))
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from pedcontour import errors
from pedcontour.dicom.sources import files_below
from pedcontour.errors import PedcontourError
from pedcontour.outputs import TG263, OutputWishes
from pedcontour.verdicts import Outcome, Verdict

ENDED = frozenset({"done", "failed", "cancelled"})
"""The states a job never leaves."""

POLL_FIRST_S, POLL_LONGEST_S = 0.2, 2.0
"""How often ``wait`` asks: soon at first, for small series, then less and less often."""

PATIENCE_S = 60.0
"""How long ``wait`` goes on asking a service that does not answer: it may be restarting, and the job is kept."""

CHUNK_BYTES = 256 * 1024
"""So much of a file is in memory at a time."""


@dataclass(frozen=True)
class RemoteJob:
    """A job as the service told it. ``problem`` is the error that ended it, ready to be raised.

    ``roi_names`` are those of the files, by organ id; ``provenance`` is input digest, model and software of a done job.
    """

    id: str
    state: str
    stage: str
    progress: float
    model: str
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    results: tuple[str, ...]
    problem: PedcontourError | None
    roi_names: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] | None = None

    def roi_name(self, organ: str) -> str:
        """What an organ is called in the files."""
        return self.roi_names.get(organ) or TG263.name_of(organ)

    @property
    def has_ended(self) -> bool:
        """Whether the job will not change any more."""
        return self.state in ENDED


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
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, transport=transport)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def submit(  # noqa: PLR0913 - a keyword for each option of the API
        self,
        source: Path | Sequence[Path],
        *,
        model: str | None = None,
        structures: Sequence[str] = (),
        absent: Sequence[str] = (),
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
        Raises ``UploadEmptyError`` where there is no file, and what the service refuses.
        """
        given = {
            "model": model,
            "structures": list(structures),
            "absent": list(absent),
            "series": series,
            "mode": mode,
            "priority": "urgent" if urgent else None,
        }
        query = {name: value for name, value in given.items() if value} | (outputs or OutputWishes()).given()
        body = _body(_files(source))
        headers = {"Content-Type": body.content_type, "Content-Length": str(body.size_bytes)}
        headers |= {"Idempotency-Key": request_key} if request_key is not None else {}
        content = _told(body.chunks(), body.size_bytes, on_sent)
        return _job(self._ask("POST", "/v1/jobs", params=query, content=content, headers=headers))

    def job(self, job_id: str) -> RemoteJob:
        """How a job stands. Raises ``JobNotFoundError``."""
        return _job(self._ask("GET", f"/v1/jobs/{job_id}"))

    def cancel(self, job_id: str) -> RemoteJob:
        """Stop a job. Raises ``JobNotFoundError``."""
        return _job(self._ask("POST", f"/v1/jobs/{job_id}/cancel"))

    def erase(self, job_id: str) -> None:
        """Erase a job with its images and results, in any state. Raises ``JobNotFoundError``."""
        self._ask("DELETE", f"/v1/jobs/{job_id}")

    def wait(
        self,
        job_id: str,
        on_progress: Callable[[RemoteJob], None] = lambda job: None,
        timeout_s: float | None = None,
    ) -> RemoteJob:
        """Ask until the job is done, telling ``on_progress`` each time; outlasts a restart of the service.

        Raises the problem of a job that failed (``NothingDrawnError`` with the verdicts), ``CancelledError`` for one
        that was cancelled, ``JobFailedError`` when ``timeout_s`` have passed.
        """
        give_up = None if timeout_s is None else time.monotonic() + timeout_s
        heard, pause = time.monotonic(), POLL_FIRST_S
        while True:
            try:
                job = self.job(job_id)
                heard = time.monotonic()
            except (errors.ServiceUnreachableError, errors.StoreError):
                if time.monotonic() - heard > PATIENCE_S:
                    raise
            else:
                on_progress(job)
                if job.has_ended:
                    return _done(job)
            if give_up is not None and time.monotonic() > give_up:
                raise errors.JobFailedError(f"it has not ended after {timeout_s:.0f} s")
            time.sleep(pause)
            pause = min(pause * 1.3, POLL_LONGEST_S)

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
        return [self._fetch(f"/v1/jobs/{job_id}/results/{name}", out / _plain(name)) for name in job.results]

    def models(self) -> list[dict[str, Any]]:
        """The installed models with the organs they draw."""
        found: list[dict[str, Any]] = self._ask("GET", "/v1/models")["models"]
        return found

    def templates(self) -> list[dict[str, Any]]:
        """The templates of ROI names that a job may ask for."""
        found: list[dict[str, Any]] = self._ask("GET", "/v1/templates")["templates"]
        return found

    def _fetch(self, path: str, target: Path) -> Path:
        part = target.with_name(f".{target.name}.part")
        try:
            with self._http.stream("GET", path) as response:
                if response.is_error:
                    response.read()
                    raise _error_of(response)
                with part.open("wb") as file:
                    for chunk in response.iter_bytes(CHUNK_BYTES):
                        file.write(chunk)
            part.replace(target)
        except httpx.HTTPError as error:
            raise errors.ServiceUnreachableError(type(error).__name__) from None
        except OSError as error:
            raise errors.StoreError(f"a result cannot be written: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)
        return target

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        try:
            response = self._http.request(method, path, **request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise errors.ServiceUnreachableError(type(error).__name__) from None
        if response.is_error:
            raise _error_of(response)
        if response.status_code == httpx.codes.NO_CONTENT:
            return None
        try:
            return response.json()
        except ValueError:
            raise errors.ServiceUnreachableError("what answers there is not pedcontour") from None


# --- What is sent ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Body:
    """A request body of known length that is read from files as it is sent, one open at a time."""

    content_type: str
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]


def _files(source: Path | Sequence[Path]) -> list[Path]:
    if not isinstance(source, Path):
        return list(source)
    if source.is_dir():
        return [path for path in files_below(source) if not _is_placeholder(path)]
    if source.is_file():
        return [source]
    raise errors.UploadEmptyError("there is no such folder or file")


def _is_placeholder(path: Path) -> bool:
    """Whether a file is hidden and empty: it holds no image, and its name, which says so, is not sent."""
    return path.name.startswith(".") and path.is_file() and not path.stat().st_size


def _body(files: Sequence[Path]) -> _Body:
    if not files:
        raise errors.UploadEmptyError
    boundary = uuid.uuid4().hex
    heads = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{number:06}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        for number in range(1, len(files) + 1)
    ]
    try:
        sizes = [path.stat().st_size for path in files]
    except OSError as error:
        raise _unread(error) from None
    tail = f"--{boundary}--\r\n".encode()

    def chunks() -> Iterator[bytes]:
        for head, path in zip(heads, files, strict=True):
            yield head
            yield from _chunks(path)
            yield b"\r\n"
        yield tail

    size_bytes = sum(map(len, heads)) + sum(sizes) + 2 * len(files) + len(tail)
    return _Body(f"multipart/form-data; boundary={boundary}", size_bytes, chunks)


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise _unread(error) from None


def _unread(error: OSError) -> PedcontourError:
    return errors.StoreError(f"a file to be sent cannot be read: {error.strerror}")


def _told(chunks: Iterator[bytes], total: int, on_sent: Callable[[int, int], None]) -> Iterator[bytes]:
    sent = 0
    for chunk in chunks:
        yield chunk
        sent += len(chunk)
        on_sent(sent, total)


# --- What is answered --------------------------------------------------------------------------------------------


def _error(problem: Mapping[str, Any]) -> PedcontourError:
    """The error that a problem document stands for; one of a code unknown here keeps its words."""
    code = str(problem.get("code", ""))
    kinds = errors.errors_by_code()
    detail, uids = str(problem.get("detail") or ""), tuple(problem.get("instance_uids") or ())
    if code in kinds:
        return kinds[code](detail, instance_uids=uids)
    return PedcontourError(f"{code} {problem.get('title', '')} {detail}".strip(), instance_uids=uids)


def _error_of(response: httpx.Response) -> PedcontourError:
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "code" in problem:
        return _error(problem)
    return errors.ServiceUnreachableError(f"it answered {response.status_code}, not as pedcontour does")


def _job(document: Mapping[str, Any]) -> RemoteJob:
    names = ("organ", "volume_before_ml", "volume_ml", "confidence", "reason")
    try:
        return RemoteJob(
            id=document["id"],
            state=document["state"],
            stage=document["stage"],
            progress=float(document["progress"]),
            model=document["model"],
            verdicts=tuple(
                Verdict(outcome=Outcome(verdict["outcome"]), **{name: verdict[name] for name in names})
                for verdict in document["verdicts"]
            ),
            warnings=tuple(document["warnings"]),
            results=tuple(result["name"] for result in document["results"]),
            problem=_error(document["problem"]) if document["problem"] else None,
            roi_names={verdict["organ"]: str(verdict["roi_name"]) for verdict in document["verdicts"]},
            provenance=document["provenance"],
        )
    except (KeyError, TypeError, ValueError):
        raise errors.ServiceUnreachableError("what answers there is not this version of pedcontour") from None


def _done(job: RemoteJob) -> RemoteJob:
    if job.state == "cancelled":
        raise errors.CancelledError
    if isinstance(job.problem, errors.NothingDrawnError):
        raise errors.NothingDrawnError(job.problem.detail, verdicts=job.verdicts, warnings=job.warnings)
    if job.state == "failed":
        raise job.problem or errors.JobFailedError
    return job


def _plain(name: str) -> str:
    """A result's name, when it is one: what answers must not choose where files go."""
    if not name or name != Path(name).name or name.startswith("."):
        raise errors.ResultError("a result has no plain name")
    return name
