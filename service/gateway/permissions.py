"""What each operation asks of its caller: the one list of it. An operation that is not on it is refused to everybody.

To add a route, add its line here; ``tests/unit/service/gateway/test_authorization_matrix.py`` fails until it is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope as Connection

from service.apikeys import Scope


@dataclass(frozen=True)
class Rule:
    """What one operation asks: a scope, or None for anybody.

    ``is_open_here`` lets callers of this machine in without a key. ``audited_as`` is the word under which the audit
    file tells of the operation; empty leaves it out.
    """

    scope: Scope | None
    audited_as: str = ""
    is_open_here: bool = False


OPEN = Rule(scope=None)
"""For anybody: it tells a stranger yes or no."""

RULES: Mapping[str, Rule] = {
    "GET /health/live": OPEN,
    "GET /health/ready": OPEN,
    "GET /metrics": Rule(Scope.METRICS_READ, is_open_here=True),
    "POST /v1/jobs": Rule(Scope.JOBS_WRITE, audited_as="send"),
    "GET /v1/jobs": Rule(Scope.JOBS_READ),
    "GET /v1/jobs/{job_id}": Rule(Scope.JOBS_READ),
    "DELETE /v1/jobs/{job_id}": Rule(Scope.JOBS_ERASE, audited_as="erase"),
    "GET /v1/jobs/{job_id}/events": Rule(Scope.JOBS_READ),
    "POST /v1/jobs/{job_id}/cancel": Rule(Scope.JOBS_WRITE, audited_as="cancel"),
    "GET /v1/jobs/{job_id}/results/{name}": Rule(Scope.JOBS_READ, audited_as="read"),
    "GET /v1/jobs/{job_id}/results.zip": Rule(Scope.JOBS_READ, audited_as="read"),
    "GET /v1/models": Rule(Scope.MODELS_READ),
    "GET /v1/models/{model_id}": Rule(Scope.MODELS_READ),
    "GET /v1/templates": Rule(Scope.MODELS_READ),
}
"""By method and the pattern of the address, as the OpenAPI document has them."""


def rule_for(connection: Connection) -> Rule | None:
    """The rule of the operation that an ASGI connection was routed to."""
    return RULES.get(f"{connection['method']} {route_of(connection)}")


def route_of(connection: Connection) -> str:
    """The pattern of an address, never the address: that holds ids. ``none`` where nothing is at it."""
    return getattr(connection.get("route"), "path", "") or "none"
