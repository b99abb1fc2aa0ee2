"""Schemathesis over the whole API, its made-up requests bent a little, so that many of them mean something real."""

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.hooks import unregister
from schemathesis.schemas import BaseSchema

from service.jobs import ENDED, State
from tests.api_stock import RESULTS, ApiStock
from tests.stand_ins.model import MODEL_ID

CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

SERVER_ERROR = "not_a_server_error"

EXPECTED = ["2xx", "3xx", "4xx", "503"]
"""503 is an answer: no worker, no room, a part that is away. Where it is not described it is a violation, though."""


@dataclass
class Tried:
    """What came of one operation: requests, their answers by status, and what failed, told by check."""

    operation: str
    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, list[str]] = field(default_factory=dict)

    @property
    def server_errors(self) -> int:
        """Answers that are the fault of the service, or none at all."""
        return len(self.failures.get(SERVER_ERROR, ())) + len(self.failures.get("error", ()))

    @property
    def violations(self) -> int:
        """Answers that the document does not describe."""
        return sum(len(self.failures.get(check, ())) for check in CHECKS)


def configuration(examples: int, key: str | None = None, seed: int = 1) -> SchemathesisConfig:
    """So many made-up requests an operation, beside those that cover the rules of its parameters; always the same."""
    phase = {"extra-data-sources": {"responses": False}}
    settings: dict[str, Any] = {
        "seed": seed,
        "request-timeout": 30,
        "continue-on-failure": True,
        "generation": {"max-examples": examples, "deterministic": True, "with-security-parameters": False},
        "phases": {"stateful": {"enabled": False}, "fuzzing": phase, "coverage": phase},
        "checks": {
            "enabled": False,
            SERVER_ERROR: {"enabled": True, "expected-statuses": EXPECTED},
            **{check: {"enabled": True} for check in CHECKS},
        },
    }
    return SchemathesisConfig.from_dict(settings | ({} if key is None else {"headers": {"X-API-Key": key}}))


def fuzz(schema: BaseSchema, stock: ApiStock) -> list[Tried]:
    """Try every operation of the document; the ids in three of four requests are those of the stock."""

    def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
        bend(case, stock)

    found: dict[str, Tried] = {}
    schemathesis.hook(before_call)  # this hook exists for all schemas only
    try:
        for event in from_schema(schema).execute():
            match event:
                case events.ScenarioFinished() if event.label is not None:
                    _add(found.setdefault(event.label, Tried(event.label)), event)
                case events.NonFatalError() | events.FatalError():
                    label = getattr(event, "label", None) or "the document"
                    told = found.setdefault(label, Tried(label)).failures.setdefault("error", [])
                    told.append(str(getattr(event, "value", None) or getattr(event, "exception", event)))
    finally:
        unregister(before_call)
    return list(found.values())


def bend(case: Case[Any], stock: ApiStock) -> None:
    """Put real ids and names into most requests. What is chosen depends on what was made up, and on nothing else."""
    chance = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
    if "job_id" in case.path_parameters and chance % 4:
        # The events of a job that goes on do not end.
        states = sorted(ENDED) if case.operation.path.endswith("/events") else list(State)
        case.path_parameters["job_id"] = stock.job_in(states[chance // 4 % len(states)])
    if "name" in case.path_parameters and chance % 3:
        case.path_parameters["name"] = list(RESULTS)[chance // 12 % len(RESULTS)]
    if "model_id" in case.path_parameters and chance % 2:
        case.path_parameters["model_id"] = MODEL_ID
    if case.operation.label == "POST /v1/jobs" and chance % 2:
        case.query = {}  # a made-up model would be refused before the body is read


def _add(tried: Tried, event: events.ScenarioFinished) -> None:
    tried.cases += len(event.recorder.cases)
    tried.statuses.update(_statuses(event))
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                told = f"{check.failure_info.failure}\n{check.failure_info.code_sample}"
                tried.failures.setdefault(check.name, []).append(told)


def _statuses(event: events.ScenarioFinished) -> Iterator[int]:
    for interaction in event.recorder.interactions.values():
        if interaction.response is not None:
            yield interaction.response.status_code
