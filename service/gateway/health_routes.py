"""Whether the service lives, can work, and how it does; nothing of a patient."""

from collections.abc import Mapping
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool

from pedcontour.errors import NotReadyError
from service.gateway import schemas
from service.gateway.access import Parts, SeesDetails
from service.gateway.parts import GatewayParts
from service.gateway.readiness import Check, Readiness
from service.gateway.responses import problems

router = APIRouter(tags=["operation"])


@router.get("/health/live", summary="Is the gateway alive?")
async def live() -> schemas.Alive:
    """Answers as long as the gateway's process works; restart it when this fails."""
    # Neither this nor what it depends on waits for a thread: all of them may be waiting for a database that hangs.
    return schemas.Alive()


@router.get("/health/ready", summary="Can jobs be taken and finished?", responses=problems(503))
async def ready(request: Request, parts: Parts, details: SeesDetails) -> schemas.Ready:
    """Asks the job table, the broker, the result store, the default model and the audit file, whether a worker
    was heard of lately, and whether waiting jobs are begun: a worker may live and answer, and take nothing. An answer
    holds for a second.

    Which of them fails is told to this machine and to whoever may read the figures.
    """
    readiness: Readiness = request.app.state.readiness
    if failing := await readiness.failing():
        raise NotReadyError(", ".join(failing) if details else "")
    if not details:
        return schemas.Ready(checks={})
    # Jobs that nobody can read are told, but not refused for: one of them must not close the service to all others.
    backlog = await run_in_threadpool(parts.jobs.backlog)
    is_unreadable = backlog.is_unreadable(parts.clock(), parts.stall_s)
    return schemas.Ready(
        checks={**dict.fromkeys(readiness.names, "ok"), "jobs": "unreadable" if is_unreadable else "ok"}
    )


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {"description": "Prometheus text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    },
)
def metrics(request: Request) -> Response:
    """Jobs by state, run times, queue depth, uploads and requests."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


def checks_of(parts: GatewayParts) -> Mapping[str, Check]:
    """What makes a gateway ready."""
    return {
        "job_table": parts.jobs.check,
        "broker": parts.queue.check,
        "store": parts.results.check,
        "model": parts.models.check,
        "audit": parts.audit.check,
        "worker": lambda: _worker_lives(parts),
        "consumption": lambda: _jobs_are_begun(parts),
    }


def _worker_lives(parts: GatewayParts) -> None:
    seen = parts.jobs.last_worker_seen()
    if seen is None or parts.clock() - seen > timedelta(seconds=parts.worker_silent_s):
        raise NotReadyError("worker")


def _jobs_are_begun(parts: GatewayParts) -> None:
    if parts.jobs.backlog().is_stalled(parts.clock(), parts.stall_s):
        raise NotReadyError("consumption")
