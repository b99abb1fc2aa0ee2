"""The templates of ROI names over HTTP: listed, never sent; an operator puts them into a folder."""

from fastapi import APIRouter

from service.gateway import schemas
from service.gateway.access import Parts
from service.gateway.responses import problems
from service.gateway.views import template_view

router = APIRouter(prefix="/v1/templates", tags=["templates"])


@router.get("", summary="List the templates of ROI names", responses=problems(401))
def list_templates(parts: Parts) -> schemas.Templates:
    """Every template that a job may name: `tg263`, and the site's own."""
    return schemas.Templates(templates=[template_view(names) for names in parts.templates.usable()])
