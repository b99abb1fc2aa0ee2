"""How a job goes on, told as it happens: server-sent events."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from pedcontour.errors import StoreError
from service.gateway.access import OwnedJob, Parts, Tenant
from service.gateway.responses import problems
from service.gateway.views import JOBS_PATH, event_view
from service.gateway.watch import JobWatch
from service.jobs import ENDED
from service.jobstore import Standing

router = APIRouter(prefix=f"{JOBS_PATH}/{{job_id}}", tags=["jobs"])

_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`progress` whenever something changed, `end` as the last one; `gone` when the job was erased. "
        "The data of both are a JobEvent. Comments in between keep the connection open.",
        "content": {"text/event-stream": {}},
    }
}


async def stream_place(parts: Parts, tenant: Tenant) -> AsyncIterator[None]:
    """A place for an event stream, as long as it is open. Raises ``TooManyStreamsError``."""
    with parts.admission.streams.one(tenant):
        yield


@router.get(
    "/events",
    response_class=EventSourceResponse,
    summary="Watch a job",
    dependencies=[Depends(stream_place)],
    responses=problems(401, 404, 429, 503) | _EVENTS,
)
async def watch_job(request: Request, job: OwnedJob, parts: Parts) -> AsyncIterator[ServerSentEvent]:
    """Tells how the job stands at once, then every change, and closes when the job ends; a lost stream is opened anew.

    Each event is the whole state: a client that is slow gets fewer of them, and none is kept for it.
    """
    watch: JobWatch = request.app.state.watch
    told: Standing | None = None
    found: Standing | None = Standing.of(job)
    while found is not None:
        has_ended = found.state in ENDED
        if found != told:
            yield ServerSentEvent(event="end" if has_ended else "progress", data=event_view(found))
            told = found
        if has_ended or parts.closing.is_set():
            return
        try:
            found = await watch.next_standing(job.id)
        except StoreError:  # the client asks again, and is told so then
            return
    yield ServerSentEvent(event="gone", data={})
