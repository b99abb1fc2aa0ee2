"""What every route needs: the gateway's parts, the tenant who asks, and whether it may."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from pedcontour.errors import JobNotFoundError, ScopeMissingError, StoreError, UnauthorizedError
from service.apikeys import Scope
from service.gateway.auditing import Auditor
from service.gateway.authentication import authenticate
from service.gateway.keys import is_loopback
from service.gateway.parts import GatewayParts
from service.gateway.permissions import rule_for
from service.gateway.principals import ANYBODY, Principal
from service.jobs import Job

_header = APIKeyHeader(
    name="X-API-Key", scheme_name="key", auto_error=False, description="Needed when the service has keys."
)
_bearer = HTTPBearer(
    scheme_name="token", auto_error=False, description="A token of the issuer that the service was told of, or a key."
)

PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""Headers of a proxy: who comes through one is not on this machine, though the proxy may be."""

OPEN_LOOKUPS = 4
"""So many callers of an open operation are looked up at once, in threads that serve nothing else."""


async def gateway_parts(request: Request) -> GatewayParts:
    """The parts that the composition root gave."""
    parts: GatewayParts = request.app.state.parts
    return parts


Parts = Annotated[GatewayParts, Depends(gateway_parts)]
Key = Annotated[str | None, Security(_header)]
Token = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def authorize(request: Request, parts: Parts, key: Key, token: Token) -> Principal:
    """Let a caller pass whom the operation's rule lets pass; every route depends on this, and without a rule none does.

    Raises ``UnauthorizedError``, ``ScopeMissingError``, ``StoreError`` where it cannot be told now.
    """
    rule = rule_for(request.scope)
    if rule is None:
        raise ScopeMissingError  # of a scope that nobody declared, so nobody has it
    if rule.scope is None or (rule.is_open_here and (parts.metrics_open or is_from_here(request))):
        return ANYBODY
    principal = await run_in_threadpool(authenticate, parts, key, token.credentials if token else None)
    request.state.principal = principal
    if rule.scope not in principal.scopes:
        raise ScopeMissingError(rule.scope.value)
    return principal


def tenant_of(principal: Annotated[Principal, Depends(authorize)]) -> str:
    """Who asks, as the owner of jobs."""
    return principal.tenant


Tenant = Annotated[str, Depends(tenant_of)]


async def sees_details(request: Request, parts: Parts, key: Key, token: Token) -> bool:
    """Whether the caller of an open operation is told more than yes or no: who may read the figures.

    Strangers ask this too, with made-up keys, so it is looked up for a few at once; more are told yes or no.
    """
    if is_from_here(request):
        return True
    lookups: CapacityLimiter = request.app.state.open_lookups
    if lookups.available_tokens < 1:
        return False
    return await to_thread.run_sync(_reads_figures, parts, key, token, limiter=lookups)


def _reads_figures(parts: GatewayParts, key: str | None, token: HTTPAuthorizationCredentials | None) -> bool:
    try:
        return Scope.METRICS_READ in authenticate(parts, key, token.credentials if token else None).scopes
    except (UnauthorizedError, StoreError):
        return False


SeesDetails = Annotated[bool, Depends(sees_details)]


def recorder(request: Request) -> Callable[[str], None]:
    """Writes the audit record of what this request is about to do to a job, given its id. Raises ``AuditError``."""
    auditor: Auditor = request.app.state.auditor
    return partial(auditor.record_ahead, request.scope)


Recorder = Annotated[Callable[[str], None], Depends(recorder)]


def is_from_here(request: Request) -> bool:
    """Whether a request comes from this machine itself, through no proxy."""
    peer = request.client.host if request.client else ""
    return is_loopback(peer) and not any(name in request.headers for name in PROXIED)


def owned_job(job_id: str, parts: Parts, tenant: Tenant) -> Job:
    """A job of the tenant who asks. Raises ``JobNotFoundError``, the same for an unknown id and a foreign one."""
    job = parts.jobs.get(job_id)
    if job is None or job.tenant != tenant:
        raise JobNotFoundError
    return job


OwnedJob = Annotated[Job, Depends(owned_job)]
