"""Turns away what no program of a hospital sends: requests for another host, and those that foreign web pages make.

A service without keys on somebody's own machine is reachable by every web page that this person opens: by a request
across sites, or under a name of the page's that suddenly means this machine (DNS rebinding).
"""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pedcontour.errors import CrossSiteError, HostNotAllowedError
from service.gateway.problems import problem_response

THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
"""Names that no page can take for its own."""


class Doorkeeper:
    """ASGI middleware. ``hosts`` are names without a port; empty lets every name pass."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and (refusal := self._refusal(Headers(scope=scope))):
            scope.setdefault("state", {})["problem_code"] = refusal.code
            await problem_response(refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, headers: Headers) -> HostNotAllowedError | CrossSiteError | None:
        if self._hosts and _without_port(headers.get("host", "")) not in self._hosts:
            return HostNotAllowedError()
        if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
            return CrossSiteError()
        return None


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()
