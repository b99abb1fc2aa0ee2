"""Around every answer: security headers, the last net for errors, and figures about requests."""

import logging
from time import perf_counter

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pedcontour.errors import PedcontourError
from service.gateway.metrics import RequestMetrics
from service.gateway.problems import problem_response

log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""On every answer: nothing of it is kept by proxies or browsers, taken for another type, framed, or told elsewhere."""


class Envelope:
    """ASGI middleware. Of an unexpected error it tells the class alone: messages may hold values of DICOM headers."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status = 0

        async def send_in_envelope(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        try:
            await self._app(scope, receive, send_in_envelope)
        except Exception as error:
            log.error("%s: %s", _route(scope), type(error).__name__)
            if status == 0:
                await problem_response(PedcontourError(type(error).__name__))(scope, receive, send_in_envelope)
        finally:
            self._metrics.observe(scope["method"], _route(scope), status, perf_counter() - started)


def _route(scope: Scope) -> str:
    """The pattern of the address, never the address: it holds ids."""
    route = scope.get("route")
    return getattr(route, "path", "") or "none"
