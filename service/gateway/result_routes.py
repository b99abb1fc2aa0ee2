"""Results over HTTP: each file by its name, or all in one zip."""

import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from pedcontour.errors import JobFailedError, ResultNotFoundError, ResultNotReadyError
from pedcontour.storage import ResultStore
from service.gateway.access import OwnedJob, Parts
from service.gateway.responses import problems
from service.jobs import ENDED, Job, State

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

CHUNK_BYTES = 256 * 1024
"""So much of a result is in memory at a time."""

SPOOL_BYTES = 8 * 1024 * 1024
"""A zip up to this size is made in memory, a larger one in a temporary file."""

MEDIA_TYPES = {".dcm": "application/dicom", ".json": "application/json", ".png": "image/png"}
"""By the end of a result's name; all others are bytes."""

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {
            "application/dicom": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"type": "object", "description": "The report, as docs/report.md has it."}},
            "image/png": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The zip.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(
    "/results/{name}",
    response_class=StreamingResponse,
    summary="Fetch one result",
    responses=problems(401, 404, 409, 503) | _FILE,
)
def get_result(job: OwnedJob, name: str, parts: Parts) -> StreamingResponse:
    """`rtstruct.dcm`, `seg.dcm`, `report.json` or `preview.png` of a done job."""
    key = _results(job).get(name)
    if key is None:
        raise ResultNotFoundError
    file, size = parts.results.open(key), parts.results.size(key)
    return _attachment(file, size, name, MEDIA_TYPES.get(name[name.rfind(".") :], "application/octet-stream"))


@router.get(
    "/results.zip",
    response_class=StreamingResponse,
    summary="Fetch all results in one zip",
    responses=problems(401, 404, 409, 503) | _ZIP,
)
def get_results(job: OwnedJob, parts: Parts) -> StreamingResponse:
    """All files of a done job, in a zip without folders."""
    file = _zipped(job, _results(job), parts.results)
    size = file.seek(0, 2)
    file.seek(0)
    return _attachment(file, size, f"{job.id}.zip", "application/zip")


def _results(job: Job) -> dict[str, str]:
    """Name to key. Raises ``ResultNotReadyError``, ``JobFailedError``."""
    if job.state not in ENDED:
        raise ResultNotReadyError(f"its state is {job.state}")
    if job.state is not State.DONE:
        raise JobFailedError(f"its state is {job.state}" + (f", {job.problem.code}" if job.problem else ""))
    return dict(job.results or {})


def _zipped(job: Job, keys: Mapping[str, str], results: ResultStore) -> BinaryIO:
    """The same bytes every time: order, and the job's own time for every entry."""
    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed when it was sent
    time = job.accepted_at.timetuple()[:6]
    with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, key in sorted(keys.items()):
            entry = zipfile.ZipInfo(name, time)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with results.open(key) as source, archive.open(entry, "w", force_zip64=True) as target:
                for chunk in _chunks(source):
                    target.write(chunk)
    return spool  # type: ignore[return-value]


def _attachment(file: BinaryIO, size: int, name: str, media_type: str) -> StreamingResponse:
    headers = {"Content-Length": str(size), "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_sent(file), media_type=media_type, headers=headers)


def _sent(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from _chunks(file)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
