"""What the service answers, as values: jobs, events of a job, and the errors that problem documents stand for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pedcontour import errors
from pedcontour.errors import PedcontourError
from pedcontour.outputs import TG263
from pedcontour.verdicts import Outcome, Verdict

ENDED = frozenset({"done", "failed", "cancelled"})
"""The states a job never leaves."""


@dataclass(frozen=True)
class JobEvent:
    """How a job stands, in short; ``progress`` is the finished share of the whole, 0 to 1."""

    state: str
    stage: str
    progress: float
    attempt: int

    @property
    def has_ended(self) -> bool:
        """Whether the job will not change any more."""
        return self.state in ENDED


@dataclass(frozen=True)
class RemoteJob:
    """A job as the service told it. ``problem`` is the error that ended it, ready to be raised.

    ``roi_names`` are those of the files, by organ id; ``provenance`` is input digest, model and software of a done job.
    """

    id: str
    state: str
    stage: str
    progress: float
    model: str
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    results: tuple[str, ...]
    problem: PedcontourError | None
    accepted_at: datetime
    ended_at: datetime | None = None
    priority: str = "routine"
    attempt: int = 0
    roi_names: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] | None = None

    def roi_name(self, organ: str) -> str:
        """What an organ is called in the files."""
        return self.roi_names.get(organ) or TG263.name_of(organ)

    @property
    def has_ended(self) -> bool:
        """Whether the job will not change any more."""
        return self.state in ENDED

    @property
    def event(self) -> JobEvent:
        """How it stands, in short."""
        return JobEvent(self.state, self.stage, self.progress, self.attempt)

    def at(self, event: JobEvent) -> "RemoteJob":
        """The job as an event tells that it stands by then."""
        return replace(self, **vars(event))


def job_of(document: Mapping[str, Any]) -> RemoteJob:
    """A job's document as a value. Raises ``ServiceUnreachableError`` for what is none."""
    names = ("organ", "volume_before_ml", "volume_ml", "confidence", "reason", "review_ml")
    try:
        return RemoteJob(
            id=document["id"],
            state=document["state"],
            stage=document["stage"],
            progress=float(document["progress"]),
            model=document["model"],
            verdicts=tuple(
                Verdict(outcome=Outcome(verdict["outcome"]), **{name: verdict[name] for name in names})
                for verdict in document["verdicts"]
            ),
            warnings=tuple(document["warnings"]),
            results=tuple(result["name"] for result in document["results"]),
            problem=error_of_problem(document["problem"]) if document["problem"] else None,
            accepted_at=datetime.fromisoformat(document["accepted_at"]),
            ended_at=datetime.fromisoformat(document["ended_at"]) if document["ended_at"] else None,
            priority=document["priority"],
            attempt=int(document["attempt"]),
            roi_names={verdict["organ"]: str(verdict["roi_name"]) for verdict in document["verdicts"]},
            provenance=document["provenance"],
        )
    except (KeyError, TypeError, ValueError):
        raise not_ours() from None


def error_of_problem(problem: Mapping[str, Any]) -> PedcontourError:
    """The error that a problem document stands for; one of a code unknown here keeps its words."""
    code = str(problem.get("code", ""))
    kinds = errors.errors_by_code()
    detail, uids = str(problem.get("detail") or ""), tuple(problem.get("instance_uids") or ())
    if code in kinds:
        return kinds[code](detail, instance_uids=uids)
    return PedcontourError(f"{code} {problem.get('title', '')} {detail}".strip(), instance_uids=uids)


def not_ours() -> errors.ServiceUnreachableError:
    """What is said of an answer that this version does not read."""
    return errors.ServiceUnreachableError("what answers there is not this version of pedcontour")


def done(job: RemoteJob) -> RemoteJob:
    """A job that ended well; of any other end the error is raised."""
    if job.state == "cancelled":
        raise errors.CancelledError
    if isinstance(job.problem, errors.NothingDrawnError):
        raise errors.NothingDrawnError(job.problem.detail, verdicts=job.verdicts, warnings=job.warnings)
    if job.state == "failed":
        raise job.problem or errors.JobFailedError
    return job


def plain_name(name: str) -> str:
    """A result's name, when it is one: what answers must not choose where files go. Raises ``ResultError``."""
    if not name or name != Path(name).name or name.startswith("."):
        raise errors.ResultError("a result has no plain name")
    return name
