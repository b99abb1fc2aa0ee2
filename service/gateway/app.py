"""The gateway's application, made from its parts."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry

from pedcontour import __version__
from service.gateway import (
    event_routes,
    health_routes,
    job_routes,
    list_routes,
    model_routes,
    result_routes,
    template_routes,
)
from service.gateway.access import OPEN_LOOKUPS, authorize
from service.gateway.auditing import Auditor
from service.gateway.contract import contract_of
from service.gateway.doorkeeper import Doorkeeper
from service.gateway.envelope import Envelope, security_headers
from service.gateway.job_metrics import JobCollector
from service.gateway.metrics import RequestMetrics
from service.gateway.parts import GatewayParts
from service.gateway.problems import add_problem_handlers
from service.gateway.readiness import Readiness
from service.gateway.watch import JobWatch
from service.janitor import Janitor
from service.reconciler import Reconciler
from service.rounds import Rounds

DESCRIPTION = """Draws the organs at risk on a child's planning CT: DICOM CT in, RTSTRUCT and DICOM-SEG out.

Send a series with `POST /v1/jobs`, ask its address until its state is `done`, then fetch its results. Every error is an
RFC 9457 problem with a stable `code`. Contours are AI-generated and not reviewed: not for clinical use without local
validation."""


ROUTES = (job_routes, list_routes, event_routes, result_routes, model_routes, template_routes, health_routes)


def create_app(parts: GatewayParts) -> FastAPI:
    """The application; it runs reconciler and janitor while it serves, where the parts ask for them."""

    registry = CollectorRegistry()
    metrics = RequestMetrics(registry)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        background = list(_background(parts))
        for rounds in background:
            rounds.start(metrics.round_broke)
        yield
        for rounds in background:
            rounds.stop()

    app = FastAPI(
        title="pedcontour",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        dependencies=[Depends(authorize)],
        docs_url=None,  # Swagger's page loads scripts from elsewhere, which a hospital's network rightly forbids
        redoc_url=None,
        redirect_slashes=False,  # the redirect would name whatever host the request claims, and is not in the contract
        generate_unique_id_function=_operation_id,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    registry.register(JobCollector(parts))
    app.state.parts = parts
    app.state.registry = registry
    app.state.metrics = metrics
    app.state.auditor = Auditor(parts.audit, with_addresses=parts.audit_addresses)
    app.state.readiness = Readiness(health_routes.checks_of(parts), parts.ready_remembered_s)
    app.state.open_lookups = CapacityLimiter(OPEN_LOOKUPS)
    app.state.watch = JobWatch(parts.jobs)
    for routes in ROUTES:
        app.include_router(routes.router)
    add_problem_handlers(app)
    app.add_middleware(Doorkeeper, hosts=parts.allowed_hosts)
    app.add_middleware(
        Envelope,
        metrics=metrics,
        auditor=app.state.auditor,
        headers=security_headers(parts.hsts_s),
    )
    app.openapi = lambda: contract_of(app)  # type: ignore[method-assign]
    return app


def _background(parts: GatewayParts) -> Iterator[Rounds]:
    if parts.reconcile_every_s is not None:
        yield Reconciler(parts.jobs, parts.queue, parts.reconcile_every_s)
    if parts.retention is not None:
        yield Janitor(parts.jobs, parts.files, parts.retention).rounds()


def _operation_id(route: APIRoute) -> str:
    return route.name
