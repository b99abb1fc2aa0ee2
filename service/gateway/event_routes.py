"""How a job goes on, told as it happens: server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from pedcontour.errors import StoreError
from service.gateway import schemas
from service.gateway.access import OwnedJob, Parts
from service.gateway.responses import problems
from service.gateway.views import JOBS_PATH, event_view
from service.jobs import ENDED

router = APIRouter(prefix=f"{JOBS_PATH}/{{job_id}}", tags=["jobs"])

LOOK_EVERY_S = 0.5
"""How often the table is asked for news: as often as a worker writes its progress."""

_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`progress` whenever something changed, `end` as the last one; `gone` when the job was erased. "
        "The data of both are a JobEvent. Comments in between keep the connection open.",
        "content": {"text/event-stream": {}},
    }
}


@router.get(
    "/events",
    response_class=EventSourceResponse,
    summary="Watch a job",
    responses=problems(401, 404, 503) | _EVENTS,
)
async def watch_job(job: OwnedJob, parts: Parts) -> AsyncIterator[ServerSentEvent]:
    """Tells how the job stands at once, then every change, and closes when the job ends; a lost stream is opened anew.

    Each event is the whole state: a client that is slow gets fewer of them, and none is kept for it.
    """
    told: schemas.JobEvent | None = None
    while True:
        has_ended = job.state in ENDED
        if (news := event_view(job)) != told:
            yield ServerSentEvent(event="end" if has_ended else "progress", data=news)
            told = news
        if has_ended or parts.closing.is_set():
            return
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            found = await run_in_threadpool(parts.jobs.get, job.id)
        except StoreError:  # the client asks again, and is told so then
            return
        if found is None:
            yield ServerSentEvent(event="gone", data={})
            return
        job = found
