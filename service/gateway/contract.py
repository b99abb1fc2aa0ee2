"""The OpenAPI document: FastAPI's, with problems under their own media type and the permissions written in."""

from typing import Any

from fastapi import FastAPI

from service.gateway.permissions import RULES, Rule
from service.gateway.problems import MEDIA_TYPE
from service.gateway.responses import problems


def contract_of(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made once."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(operation, RULES.get(f"{method.upper()} {path}"))
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(operation: dict[str, Any], rule: Rule | None) -> None:
    """Leave out answers that are never given, and say who may call; what a rule refuses stands on no route."""
    answers = {
        status: answer for status, answer in operation["responses"].items() if "HTTPValidationError" not in str(answer)
    }
    if rule is None or rule.scope is None:
        operation.pop("security", None)
    else:
        operation["security"] = [{name: [rule.scope.value]} for name in ("key", "token")]
        for status, answer in problems(401, 403, 503).items():
            model = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
            answers.setdefault(str(status), {"description": answer["description"], "content": model})
    operation["responses"] = {status: _as_problem(answer) for status, answer in sorted(answers.items())}


def _as_problem(response: dict[str, Any]) -> dict[str, Any]:
    for body in response.get("content", {}).values():
        if body.get("schema", {}).get("$ref", "").endswith("/Problem"):
            return response | {"content": {MEDIA_TYPE: body}}
    return response
