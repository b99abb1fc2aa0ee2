"""Whether the service lives, can work, and how it does; nothing of a patient."""

from collections.abc import Callable
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pedcontour.errors import NotReadyError, StoreError
from service.gateway import schemas
from service.gateway.access import Parts, SeesDetails
from service.gateway.parts import GatewayParts
from service.gateway.responses import problems

router = APIRouter(tags=["operation"])


@router.get("/health/live", summary="Is the gateway alive?")
def live() -> schemas.Alive:
    """Answers as long as the gateway's process works; restart it when this fails."""
    return schemas.Alive()


@router.get("/health/ready", summary="Can jobs be taken and finished?", responses=problems(503))
def ready(parts: Parts, details: SeesDetails) -> schemas.Ready:
    """Asks the job table, the broker and the result store, whether a worker was heard of lately, and whether
    waiting jobs are begun: a worker may live and answer, and take nothing.

    Which of them fails is told to this machine and to whoever may read the figures.
    """
    checks: dict[str, Callable[[], None]] = {
        "job_table": parts.jobs.check,
        "broker": parts.queue.check,
        "store": parts.results.check,
        "worker": lambda: _worker_lives(parts),
        "consumption": lambda: _jobs_are_begun(parts),
    }
    if missing := [name for name, check in checks.items() if not _passes(check)]:
        raise NotReadyError(", ".join(missing) if details else "")
    if not details:
        return schemas.Ready(checks={})
    # Jobs that nobody can read are told, but not refused for: one of them must not close the service to all others.
    is_unreadable = parts.jobs.backlog().is_unreadable(parts.clock(), parts.stall_s)
    return schemas.Ready(checks={**dict.fromkeys(checks, "ok"), "jobs": "unreadable" if is_unreadable else "ok"})


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


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except StoreError:
        return False
    return True


def _worker_lives(parts: GatewayParts) -> None:
    seen = parts.jobs.last_worker_seen()
    if seen is None or parts.clock() - seen > timedelta(seconds=parts.worker_silent_s):
        raise NotReadyError("worker")


def _jobs_are_begun(parts: GatewayParts) -> None:
    if parts.jobs.backlog().is_stalled(parts.clock(), parts.stall_s):
        raise NotReadyError("consumption")
