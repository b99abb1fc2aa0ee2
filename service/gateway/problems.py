"""Errors as HTTP answers: RFC 9457 problem documents with the stable codes of ``pedcontour.errors``."""

import logging
import math
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from pedcontour import errors
from pedcontour.errors import PedcontourError
from service.gateway.challenges import challenges
from service.gateway.schemas import Problem
from service.jobs import Problem as JobProblem

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER_S = 10
"""What a client is asked to wait when a part of the service does not answer: two looks of a restarted part."""

STATUS: tuple[tuple[type[PedcontourError], int], ...] = (
    (errors.UnauthorizedError, 401),
    (errors.ScopeMissingError, 403),
    (errors.CrossSiteError, 403),
    (errors.HostNotAllowedError, 421),
    (errors.JobNotFoundError, 404),
    (errors.ResultNotFoundError, 404),
    (errors.ModelNotFoundError, 404),
    (errors.NoSuchPageError, 404),
    (errors.MethodNotAllowedError, 405),
    (errors.ResultNotReadyError, 409),
    (errors.JobFailedError, 409),
    (errors.UploadTooSlowError, 408),
    (errors.UploadTooLargeError, 413),
    (errors.MediaTypeUnsupportedError, 415),
    (errors.UploadEmptyError, 400),
    (errors.UploadMalformedError, 400),
    (errors.TooManyRequestsError, 429),
    (errors.TooManyUploadsError, 429),
    (errors.TooManyStreamsError, 429),
    (errors.TooManyWaitingError, 429),
    (errors.AdmissionError, 503),
    (errors.ModelError, 503),
    (errors.InputError, 422),
    (errors.RequestError, 422),
    (errors.StoreError, 503),
)
"""The HTTP status of each kind of error, the first that fits; all others are 500."""


def status_of(error: PedcontourError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def problem_of(problem: JobProblem, status: int | None = None) -> Problem:
    """A problem as the API shows it; ``status`` is for problems that are an answer themselves."""
    return Problem(
        type=f"urn:pedcontour:problem:{problem.code}",
        title=problem.advice,
        status=status,
        detail=problem.detail or None,
        code=problem.code,
        instance_uids=list(problem.instance_uids),
    )


def problem_response(error: PedcontourError, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error as an answer."""
    status = status_of(error)
    extra = dict(headers or {})
    if isinstance(error, errors.AdmissionError):
        extra["Retry-After"] = str(math.ceil(error.retry_after_s))
    elif status == 503:
        extra["Retry-After"] = str(RETRY_AFTER_S)
    document = problem_of(JobProblem.of(error), status).model_dump(mode="json", exclude_none=True)
    response = JSONResponse(document, status, extra, MEDIA_TYPE)
    for challenge in challenges(error):
        response.headers.append("WWW-Authenticate", challenge)
    return response


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem document."""
    app.add_exception_handler(PedcontourError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PedcontourError)  # noqa: S101 - registered for this class
    request.state.problem_code = error.code
    # Whoever is refused with a body under way may go on sending it for ever, so the connection ends with the answer.
    has_body = "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
    return problem_response(error, {"Connection": "close"} if has_body else None)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Say which parameter and why, and never its value."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    request.state.problem_code = errors.RequestError.code
    what = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
    return problem_response(errors.RequestError(what[:500]))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    known: dict[int, type[PedcontourError]] = {404: errors.NoSuchPageError, 405: errors.MethodNotAllowedError}
    kind: Any = known.get(error.status_code, errors.RequestError)
    request.state.problem_code = kind.code
    return problem_response(kind(), dict(error.headers or {}))
