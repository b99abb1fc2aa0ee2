"""Around every answer: its id, security headers, audit record, log line and figures, and the last net for errors."""

import logging
import re
import uuid
from collections.abc import Mapping
from time import perf_counter

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pedcontour.errors import AuditError, PedcontourError
from service.gateway.auditing import Auditor
from service.gateway.metrics import RequestMetrics
from service.gateway.permissions import route_of
from service.gateway.problems import problem_response
from service.logs import log_fields

log = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A request id that is taken over from the caller: a UUID, which holds no words."""

_SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def security_headers(hsts_s: int) -> Mapping[str, str]:
    """On every answer: nothing of it is kept, taken for another type, framed, embedded, or told elsewhere.

    ``hsts_s`` is for a service behind TLS; over plain HTTP browsers ignore the header.
    """
    hsts = {"Strict-Transport-Security": f"max-age={hsts_s}; includeSubDomains"} if hsts_s else {}
    return _SECURITY_HEADERS | hsts


class Envelope:
    """ASGI middleware. Of an unexpected error it tells the class alone: messages may hold values of DICOM headers."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, auditor: Auditor, headers: Mapping[str, str]) -> None:
        self._app = app
        self._metrics = metrics
        self._auditor = auditor
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        given = Headers(scope=scope).get("x-request-id", "").lower()
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        answer = _Answer(send, {**self._headers, "X-Request-ID": request_id})
        with log_fields(request=request_id):
            await self._handle(scope, receive, answer)

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        started = perf_counter()

        async def audited(message: Message) -> None:
            if message["type"] == "http.response.start" and self._auditor.is_audited(scope, message["status"]):
                headers = MutableHeaders(scope=message)
                try:
                    await run_in_threadpool(self._auditor.record, scope, message["status"], headers)
                except AuditError as error:
                    answer.withheld = error
                    raise
            await answer.send(message)

        try:
            await self._app(scope, receive, audited)
        except Exception as error:
            told = answer.withheld or PedcontourError(type(error).__name__)
            log.error("%s: %s", route_of(scope), told.detail, extra={"code": told.code})
            scope["state"]["problem_code"] = told.code
            if answer.status == 0:
                await problem_response(told)(scope, receive, answer.send)
        finally:
            self._tell(scope, answer.status, perf_counter() - started)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        code = scope["state"].get("problem_code", "")
        self._metrics.observe(scope["method"], route_of(scope), status, seconds)
        if code:
            self._metrics.refused(code)
        principal = scope["state"].get("principal")
        fields = {
            "method": scope["method"] if scope["method"].isalpha() else "OTHER",
            "route": route_of(scope),
            "status": status,
            "duration_s": round(seconds, 4),
            **({"code": code} if code else {}),
            **({"tenant": principal.tenant} if principal else {}),
        }
        # Who polls does so every second; only what changes something, or fails, is worth a line of every log.
        is_noteworthy = scope["method"] not in ("GET", "HEAD") or status >= 400 or status == 0
        log.log(logging.INFO if is_noteworthy else logging.DEBUG, "request", extra=fields)


class _Answer:
    """The way back: puts the headers on, and knows how far the answer has gone. ``status`` 0 is not begun."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self.headers = headers
        self.status = 0
        self.withheld: AuditError | None = None

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self.headers.items():
                headers[name] = value
        await self._send(message)
