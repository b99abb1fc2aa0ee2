"""Jobs over HTTP: send one, watch it, stop it."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from pedcontour.errors import BrokerError, JobNotFoundError
from service.gateway import schemas
from service.gateway.access import OwnedJob, Parts, Tenant
from service.gateway.intake import receive
from service.gateway.metrics import RequestMetrics
from service.gateway.output_fields import output_fields
from service.gateway.parts import GatewayParts
from service.gateway.requests import options_from
from service.gateway.responses import problems
from service.gateway.views import job_path, job_view
from service.jobs import Job
from service.uploads import UploadPart, begin_upload

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_list = {"type": "array", "items": {"type": "string"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The CT instances as files of any field name, or one zip of them; file names are not read. The "
        "options may be form fields instead of query parameters.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "model": {"type": "string"},
                        "structures": _list,
                        "absent": _list,
                        "series": {"type": "string"},
                        **output_fields(),
                    },
                }
            },
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    "",
    status_code=202,
    summary="Send a CT series to be contoured",
    openapi_extra=_BODY,
    responses=problems(400, 401, 404, 408, 413, 415, 422, 503)
    | {
        202: {
            "description": "The job is kept and waits for a worker.",
            "headers": {"Location": {"description": "The job's address.", "schema": {"type": "string"}}},
        }
    },
)
async def send_job(
    request: Request, response: Response, parts: Parts, tenant: Tenant, query: Annotated[schemas.JobQuery, Query()]
) -> schemas.Job:
    """Streams the upload to disk, keeps the job, and answers; poll its address for state, progress and results."""
    given = _given(query)
    job_id = str(uuid.uuid4())
    # What cannot be met is refused before the files are read, as far as it is known by then.
    await run_in_threadpool(options_from, given, parts.models, parts.templates)
    part = await run_in_threadpool(begin_upload, parts.uploads, job_id, parts.limits)
    try:
        fields = await receive(request, part, parts.pace)
    except BaseException:
        part.discard()
        raise
    job = await run_in_threadpool(_accept, job_id, tenant, part, _merged(given, fields), parts)
    metrics: RequestMetrics = request.app.state.metrics
    metrics.uploaded(job.upload_files, job.upload_bytes)
    response.headers["Location"] = job_path(job.id)
    return job_view(job)


def _accept(job_id: str, tenant: str, part: UploadPart, given: Mapping[str, Sequence[str]], parts: GatewayParts) -> Job:
    """Name the upload, keep the job, wake a worker. What is kept is not lost, so the waking may fail."""
    now = parts.clock()
    try:
        options = options_from(given, parts.models, parts.templates)
        part.commit()
        job = Job(
            id=job_id,
            options=options,
            accepted_at=now,
            resend_at=now + timedelta(seconds=parts.resend_after_s),
            tenant=tenant,
            upload_files=part.files,
            upload_bytes=part.size_bytes,
        )
        parts.jobs.accept(job)
    except BaseException:
        part.discard()
        raise
    try:
        parts.queue.send(job.id)
    except BrokerError as error:
        log.warning("job %s: %s, to be sent later", job.id, error.code)
    log.info("job %s: accepted, %d files, %d bytes", job.id, job.upload_files, job.upload_bytes)
    return job


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
def cancel_job(job: OwnedJob, parts: Parts) -> schemas.Job:
    """A waiting job is cancelled at once, a running one within seconds; one that has ended stays as it is."""
    cancelled = parts.jobs.cancel(job.id)
    if cancelled is None:
        raise JobNotFoundError
    return job_view(cancelled)
