"""What every route needs: the gateway's parts, and the tenant who asks."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from pedcontour.errors import JobNotFoundError
from service.gateway.parts import GatewayParts
from service.jobs import Job

_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="Needed when the service has keys.")


def gateway_parts(request: Request) -> GatewayParts:
    """The parts that the composition root gave."""
    parts: GatewayParts = request.app.state.parts
    return parts


Parts = Annotated[GatewayParts, Depends(gateway_parts)]


def tenant_of(parts: Parts, key: Annotated[str | None, Security(_header)]) -> str:
    """Who asks. Raises ``UnauthorizedError``."""
    return parts.keys.tenant(key)


Tenant = Annotated[str, Depends(tenant_of)]


def owned_job(job_id: str, parts: Parts, tenant: Tenant) -> Job:
    """A job of the tenant who asks. Raises ``JobNotFoundError``, the same for an unknown id and a foreign one."""
    job = parts.jobs.get(job_id)
    if job is None or job.tenant != tenant:
        raise JobNotFoundError
    return job


OwnedJob = Annotated[Job, Depends(owned_job)]
