"""Which requests the audit file tells of, and in what words: decided here for every route at once."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from starlette.datastructures import MutableHeaders
from starlette.types import Scope as Connection

from service.audit import AuditTrail, Entry
from service.gateway.permissions import route_of, rule_for
from service.gateway.principals import Principal

JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What our job ids look like. Whatever else stands in an address came from outside, and may be a name."""

REFUSALS_AT_ONCE = 60
REFUSALS_PER_S = 0.5
"""So many refusals are recorded: enough to see an attack, and 15 MB a day at most, however hard somebody knocks."""

REFUSED = frozenset({401, 403})

_AHEAD = "recorded_ahead"
"""Where a connection keeps the job of which it was recorded what would be done."""


class Auditor:
    """Writes the records of one gateway. ``with_addresses`` says whether they hold the caller's address."""

    def __init__(self, trail: AuditTrail, *, with_addresses: bool, elapsed: Callable[[], float] = monotonic) -> None:
        self._trail = trail
        self._with_addresses = with_addresses
        self._refusals = _Bucket(elapsed)

    def is_audited(self, connection: Connection, status: int) -> bool:
        """Whether the answer to a request is recorded: what its rule names, and whoever was refused.

        Not what was recorded ahead, unless it was refused then after all.
        """
        if status < 400 and _recorded_ahead(connection):
            return False
        rule = rule_for(connection)
        return status in REFUSED or (rule is not None and bool(rule.audited_as))

    def record_ahead(self, connection: Connection, job_id: str) -> None:
        """Record what is about to be done to a job. Raises ``AuditError``; then it must not be done."""
        self._trail.append(self._entry(connection, "ok", job_id))
        connection["state"][_AHEAD] = job_id

    def record(self, connection: Connection, status: int, headers: MutableHeaders) -> None:
        """Record an answer before it is given. Raises ``AuditError``; then it must not be given."""
        suppressed = 0
        if status in REFUSED:
            is_allowed, suppressed = self._refusals.take()
            if not is_allowed:
                return
        outcome = "ok" if status < 400 else connection.get("state", {}).get("problem_code", str(status))
        entry = self._entry(connection, outcome, _job_of(connection, headers))
        self._trail.append(replace(entry, result=_result_of(connection, status), suppressed=suppressed))

    def _entry(self, connection: Connection, outcome: str, job_id: str) -> Entry:
        rule = rule_for(connection)
        principal: Principal | None = connection.get("state", {}).get("principal")
        return Entry(
            action=(rule.audited_as if rule else "") or "call",
            outcome=outcome,
            who=principal.name if principal else "",
            tenant=principal.tenant if principal else "",
            job=job_id,
            route=f"{connection['method']} {route_of(connection)}",
            address=_address_of(connection) if self._with_addresses else "",
        )


def _recorded_ahead(connection: Connection) -> str:
    """The job of which a record was written before the deed; empty where there is none."""
    job_id: str = connection.get("state", {}).get(_AHEAD, "")
    return job_id


def _job_of(connection: Connection, headers: MutableHeaders) -> str:
    made = headers.get("location", "").rpartition("/")[2] or _recorded_ahead(connection)
    job = connection.get("path_params", {}).get("job_id", made)
    return job if JOB_ID.fullmatch(job) else ""


def _result_of(connection: Connection, status: int) -> str:
    """The name of a result that there is."""
    if status >= 400:
        return ""
    name = connection.get("path_params", {}).get("name", "")
    return name or ("results.zip" if route_of(connection).endswith("results.zip") else "")


def _address_of(connection: Connection) -> str:
    client = connection.get("client")
    return client[0] if client else ""


class _Bucket:
    """Lets so many through at once and so many a second; says how many it held back since."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._left = float(REFUSALS_AT_ONCE)
        self._filled_at = elapsed()
        self._held_back = 0
        self._lock = threading.Lock()

    def take(self) -> tuple[bool, int]:
        """Whether one more may pass, and how many were held back before it."""
        with self._lock:
            now = self._elapsed()
            self._left = min(float(REFUSALS_AT_ONCE), self._left + (now - self._filled_at) * REFUSALS_PER_S)
            self._filled_at = now
            if self._left < 1:
                self._held_back += 1
                return False, 0
            self._left -= 1
            held_back, self._held_back = self._held_back, 0
            return True, held_back
