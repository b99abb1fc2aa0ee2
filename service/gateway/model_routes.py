"""The installed models over HTTP."""

from fastapi import APIRouter

from pedcontour.errors import ModelError, ModelNotFoundError
from service.gateway import schemas
from service.gateway.access import Parts
from service.gateway.parts import Models
from service.gateway.responses import problems
from service.gateway.views import model_view, model_with_card

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("", summary="List the models", responses=problems(401))
def list_models(parts: Parts) -> schemas.Models:
    """Every model that a job may name, with the organs it draws."""
    default = _default_id(parts.models)
    return schemas.Models(models=[model_view(model, model.id == default) for model in parts.models.installed()])


@router.get("/{model_id}", summary="Read a model's card", responses=problems(401, 404, 503))
def get_model(model_id: str, parts: Parts) -> schemas.ModelWithCard:
    """One model with its card: what it was trained on, what it can and cannot do."""
    return model_with_card(parts.models.find(model_id), model_id == _default_id(parts.models))


def _default_id(models: Models) -> str | None:
    try:
        return models.find(None).id
    except (ModelNotFoundError, ModelError):
        return None
