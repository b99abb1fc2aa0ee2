"""The problems that an operation may answer with, for its documentation."""

from typing import Any

from service.gateway.schemas import Problem

_MEANING = {
    400: "The upload is empty or malformed.",
    401: "A valid API key or token is needed.",
    403: "The key or token lacks the scope that the detail names.",
    404: "There is no such thing, or it belongs to another key.",
    408: "The upload stopped, or came too slowly.",
    409: "The job has no results (yet).",
    413: "The upload is over the limit.",
    415: "The body is of another media type.",
    422: "The request cannot be met as it is.",
    429: "Too many requests, uploads, streams or waiting jobs of a key; try again after the seconds in `Retry-After`.",
    503: "A part of the service does not answer or has no room; try again after the seconds in `Retry-After`.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """FastAPI's ``responses`` for these statuses."""
    return {status: {"model": Problem, "description": _MEANING[status]} for status in statuses}
