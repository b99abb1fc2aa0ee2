"""From a job to its row and back. What another version wrote, or what is damaged, spoils no other row."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pedcontour.errors import PedcontourError
from pedcontour.inference.modes import mode_named
from pedcontour.outputs import OutputStyle
from pedcontour.verdicts import ABSENCE_POLICIES, Outcome, Verdict
from service.jobs import Job, Options, Priority, Problem, State

UNKNOWN = Options("")
"""The options of a job that cannot be read."""

_UNREADABLE = (TypeError, ValueError, KeyError, AttributeError, PedcontourError)
"""What reading a row may raise whose JSON has another form than this version's."""

_JSON = frozenset({"options", "problem", "verdicts", "warnings", "results", "provenance"})


def as_record(value: Problem | Verdict | Options | None) -> dict[str, Any] | None:
    """A value of plain fields as a column keeps it."""
    return None if value is None else dict(vars(value))


def as_row(job: Job) -> dict[str, Any]:
    """A job as its columns."""
    columns = vars(job) | {
        "options": as_record(job.options),
        "problem": as_record(job.problem),
        "verdicts": [as_record(verdict) for verdict in job.verdicts],
        "warnings": list(job.warnings),
    }
    del columns["is_readable"]
    return columns


def changes(before: Job, after: Job) -> dict[str, Any]:
    """The columns in which they differ: what could not be read stays in its row as it is."""
    former = as_row(before)
    return {name: value for name, value in as_row(after).items() if value != former[name]}


def as_job(row: Any) -> Job:
    """A row as a job. Where it cannot be read, what its plain columns tell, and ``is_readable`` is False."""
    values = dict(row._mapping)
    plain = {name: value for name, value in values.items() if name not in _JSON}
    try:
        return Job(
            **plain | {"state": State(values["state"]), "priority": Priority(values["priority"])},
            options=_options(values["options"]),
            problem=None if values["problem"] is None else Problem(**_known(Problem, values["problem"])),
            verdicts=tuple(_verdict(verdict) for verdict in values["verdicts"]),
            warnings=tuple(_texts(values["warnings"])),
            results=_mapping(values["results"]),
            provenance=_mapping(values["provenance"]),
        )
    except _UNREADABLE:
        return _outline(plain, values["results"])


def as_state(text: str) -> State:
    """A state; one that only a later version knows counts as waiting: nobody here begins it or ends it."""
    return State(text) if text in set(State) else State.QUEUED


def _outline(plain: dict[str, Any], results: Any) -> Job:
    is_urgent = plain["priority"] == Priority.URGENT
    told = {"state": as_state(plain["state"]), "priority": Priority.URGENT if is_urgent else Priority.ROUTINE}
    files = results if isinstance(results, dict) else None
    return Job(**plain | told, options=UNKNOWN, results=files, is_readable=False)


def _options(record: Mapping[str, Any]) -> Options:
    """What was asked for. An option that is not known here, by name or by value, changes results: none is left out."""
    options = Options(**_with_tuples(record))
    mode_named(options.mode)
    if options.policy not in ABSENCE_POLICIES:
        raise ValueError
    OutputStyle.from_data(options.outputs)
    return options


def _verdict(record: Mapping[str, Any]) -> Verdict:
    known = _known(Verdict, record)
    return Verdict(**known | {"outcome": Outcome(known["outcome"])})


def _known(kind: type[Problem | Verdict], record: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of an end, without what a later version tells beside it."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in _with_tuples(record).items() if name in names}


def _texts(value: list[str]) -> list[str]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _mapping(value: Any) -> dict[str, Any] | None:
    return None if value is None else dict(value.items())


def _with_tuples(record: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows lists only."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
