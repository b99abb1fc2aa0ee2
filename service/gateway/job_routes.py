"""Jobs over HTTP: send one, see how it stands, stop it, erase it."""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool
from starlette.concurrency import run_in_threadpool

from pedcontour.errors import BrokerError, JobNotFoundError, RequestKeyReusedError
from pedcontour.inference.modes import DEFAULT_MODE, MODES
from pedcontour.verdicts import ABSENCE_POLICIES
from service.gateway import schemas
from service.gateway.access import OwnedJob, Parts, Recorder, Tenant
from service.gateway.intake import declared_bytes, receive, refuse_declared_length
from service.gateway.metrics import RequestMetrics
from service.gateway.output_fields import output_fields
from service.gateway.parts import GatewayParts
from service.gateway.requests import key_digest, options_from, priority_from, request_digest
from service.gateway.responses import problems
from service.gateway.views import JOBS_PATH, job_path, job_view
from service.janitor import erase_job
from service.jobs import Job, Priority
from service.uploads import UploadPart, begin_upload

log = logging.getLogger(__name__)

router = APIRouter(prefix=JOBS_PATH, tags=["jobs"])

_list = {"type": "array", "items": {"type": "string"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The CT instances as files of any field name, or one zip of them, or one instance. File names "
        "are not read. The options may be form fields instead of query parameters.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "model": {"type": "string"},
                        "structures": _list,
                        "absent": _list,
                        "present": _list,
                        "absence_policy": {"type": "string", "enum": list(ABSENCE_POLICIES)},
                        "series": {"type": "string"},
                        "mode": {"type": "string", "enum": list(MODES), "default": DEFAULT_MODE},
                        **output_fields(),
                        "priority": {"type": "string", "enum": list(Priority)},
                    },
                }
            },
            **{
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in ("application/zip", "application/dicom", "application/octet-stream")
            },
        },
    }
}


_LOCATION = {"Location": {"description": "The job's address.", "schema": {"type": "string"}}}

RequestKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[ -~]{1,255}$",
        description="A name of your own for this request, 1 to 255 printable ASCII characters. Sent again with the "
        "same request it is answered with the same job, as long as that is kept: a retry makes no second job.",
    ),
]


@dataclass(frozen=True)
class _Sent:
    """A request as it came: who sent it, under which key, the upload and what is asked of it; who records it."""

    tenant: str
    key: str | None
    part: UploadPart
    given: Mapping[str, Sequence[str]]
    record: Callable[[str], None]


@router.post(
    "",
    status_code=202,
    summary="Send a CT series to be contoured",
    openapi_extra=_BODY,
    responses=problems(400, 401, 404, 408, 413, 415, 422, 429, 503)
    | {
        200: {"model": schemas.Job, "description": "This request was taken before: its job.", "headers": _LOCATION},
        202: {"description": "The job is kept and waits for a worker.", "headers": _LOCATION},
    },
)
async def send_job(
    request: Request,
    response: Response,
    parts: Parts,
    tenant: Tenant,
    record: Recorder,
    query: Annotated[schemas.JobQuery, Query()],
    key: RequestKey = None,
) -> schemas.Job:
    """Streams the upload to disk, keeps the job, and answers; poll its address for state, progress and results."""
    given = _given(query)
    job_id = str(uuid.uuid4())
    # What cannot be met is refused before the files are read, as far as it is known by then.
    refuse_declared_length(request, parts.limits)  # before the disk is asked: no later try will do
    admitted = parts.admission.admit(tenant, parts.jobs, parts.uploads, declared_bytes(request))
    async with contextmanager_in_threadpool(admitted) as room:
        await run_in_threadpool(options_from, given, parts.models, parts.templates)
        part = await run_in_threadpool(begin_upload, parts.uploads, job_id, parts.limits)
        try:
            fields = await receive(request, part, parts.pace, room)
        except BaseException:
            part.discard()
            raise
    sent = _Sent(tenant, key, part, _merged(given, fields), record)
    job = await run_in_threadpool(_accept, job_id, sent, parts)
    if job.id == job_id:
        metrics: RequestMetrics = request.app.state.metrics
        metrics.uploaded(job.upload_files, job.upload_bytes)
    else:
        response.status_code = 200
    response.headers["Location"] = job_path(job.id)
    return job_view(job)


def _accept(job_id: str, sent: _Sent, parts: GatewayParts) -> Job:
    """Name the upload, record and keep the job, wake a worker. What is kept is not lost, so the waking may fail.

    No job is kept without its record, so none is refused for the record's sake once it is kept. Where the request was
    taken before, the job of then. Raises ``RequestKeyReusedError`` where it was another one, ``AuditError``.
    """
    is_recorded = False

    def record() -> None:
        nonlocal is_recorded
        sent.record(job_id)
        is_recorded = True

    try:
        job = _new_job(job_id, sent, parts)
        kept = parts.jobs.accept(job, record)
    except BaseException:
        # Once it was recorded the job may be kept, though its table fails: the answer to a COMMIT can be lost. Then its
        # images must be there. If it is not, they are an upload without a job, which the janitor erases in time.
        if is_recorded:
            log.warning("job %s: not known whether it is kept, so its upload stays", job_id)
        else:
            sent.part.discard()
        raise
    if kept.id != job_id:
        sent.part.discard()
        if kept.request_digest != job.request_digest:
            raise RequestKeyReusedError
        return kept
    try:
        parts.queue.send(job.id, job.priority)
    except BrokerError as error:
        log.warning("job %s: %s, to be sent later", job.id, error.code)
    log.info("job %s: accepted, %d files, %d bytes", job.id, job.upload_files, job.upload_bytes)
    return job


def _new_job(job_id: str, sent: _Sent, parts: GatewayParts) -> Job:
    """The job, its upload complete on disk."""
    options, priority = options_from(sent.given, parts.models, parts.templates), priority_from(sent.given)
    sent.part.commit()
    now = parts.clock()  # not before: it takes a while to get a large upload onto the disk
    keyed = sent.key is not None
    return Job(
        id=job_id,
        options=options,
        accepted_at=now,
        resend_at=now + timedelta(seconds=parts.resend_after_s),
        tenant=sent.tenant,
        priority=priority,
        request_key=key_digest(sent.key) if sent.key is not None else None,
        request_digest=request_digest(options, priority, sent.part.content_sha256()) if keyed else None,
        upload_files=sent.part.files,
        upload_bytes=sent.part.size_bytes,
    )


def _given(query: schemas.JobQuery) -> dict[str, list[str]]:
    """What was given as query parameters: every value a list, as form fields come."""
    values = query.model_dump(exclude_none=True)
    return {name: value if isinstance(value, list) else [value] for name, value in values.items()}


def _merged(query: Mapping[str, Sequence[str]], fields: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {name: [*query.get(name, ()), *fields.get(name, ())] for name in (*query, *fields)}


@router.get("/{job_id}", summary="See how a job stands", responses=problems(401, 404, 503))
def get_job(job: OwnedJob) -> schemas.Job:
    """State, stage and progress while it runs; verdicts and results when it is done; the problem when it failed."""
    return job_view(job)


@router.post("/{job_id}/cancel", status_code=202, summary="Stop a job", responses=problems(401, 404, 503))
def cancel_job(job: OwnedJob, parts: Parts, record: Recorder) -> schemas.Job:
    """A waiting job is cancelled at once, a running one within seconds; one that has ended stays as it is."""
    record(job.id)
    cancelled = parts.jobs.cancel(job.id)
    if cancelled is None:
        raise JobNotFoundError
    return job_view(cancelled)


@router.delete("/{job_id}", status_code=204, summary="Erase a job", responses=problems(401, 404, 503))
def erase(job: OwnedJob, parts: Parts, record: Recorder) -> None:
    """Removes its images, results and record at once, in any state; one that runs is stopped. It is unknown then."""
    record(job.id)
    if not erase_job(job.id, parts.jobs, parts.files):
        raise JobNotFoundError
    log.info("job %s: erased", job.id)
