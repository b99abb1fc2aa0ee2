"""A tenant's jobs over HTTP, page by page."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.gateway import schemas
from service.gateway.access import Parts, Tenant
from service.gateway.pages import next_page, position_of
from service.gateway.responses import problems
from service.gateway.views import JOBS_PATH, job_view
from service.jobstore import Listing

router = APIRouter(prefix=JOBS_PATH, tags=["jobs"])


@router.get("", summary="List jobs", responses=problems(401, 422, 503))
def list_jobs(parts: Parts, tenant: Tenant, query: Annotated[schemas.JobsQuery, Query()]) -> schemas.Jobs:
    """The jobs that this key has sent, the newest first. Follow `next` for older ones: each job comes once."""
    wanted = Listing(
        tenant=tenant,
        states=query.state,
        since=query.since,
        until=query.until,
        after=position_of(query.cursor) if query.cursor else None,
        limit=query.limit + 1,
    )
    found = parts.jobs.list_jobs(wanted)
    page = found[: query.limit]
    return schemas.Jobs(
        jobs=[job_view(job) for job in page],
        next=next_page(JOBS_PATH, query, page) if len(found) > len(page) else None,
    )
