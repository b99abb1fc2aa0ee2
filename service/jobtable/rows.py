"""From a job to its row and back."""

from typing import Any

from pedcontour.verdicts import Outcome, Verdict
from service.jobs import Job, Options, Priority, Problem, State


def as_record(value: Problem | Verdict | Options | None) -> dict[str, Any] | None:
    """A value of plain fields as a column keeps it."""
    return None if value is None else dict(vars(value))


def as_row(job: Job) -> dict[str, Any]:
    """A job as its columns."""
    return vars(job) | {
        "options": as_record(job.options),
        "problem": as_record(job.problem),
        "verdicts": [as_record(verdict) for verdict in job.verdicts],
        "warnings": list(job.warnings),
    }


def as_job(row: Any) -> Job:
    """A row as a job. Options that a former version did not know get their defaults."""
    values = dict(row._mapping)
    problem = values["problem"]
    values["options"] = Options(**_with_tuples(values["options"]))
    values["problem"] = problem and Problem(**_with_tuples(problem))
    values["verdicts"] = tuple(
        Verdict(**verdict | {"outcome": Outcome(verdict["outcome"])}) for verdict in values["verdicts"]
    )
    values["warnings"] = tuple(values["warnings"])
    values["state"] = State(values["state"])
    values["priority"] = Priority(values["priority"])
    return Job(**values)


def _with_tuples(record: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
