"""Jobs in every state, put straight into a store, so that requests with made-up contents hit something real."""

import tempfile
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pedcontour.errors import GantryTiltError
from pedcontour.storage import ResultStore
from pedcontour.verdicts import Outcome, Verdict
from service.gateway.schemas import JOB_EXAMPLE
from service.jobs import ENDED, Job, Options, Problem, State
from service.jobstore import JobStore

RESULTS = {
    "rtstruct.dcm": b"contours" * 100,
    "seg.dcm": b"segments" * 100,
    "report.json": b'{"schema_version": 1}',
    "preview.png": b"picture" * 100,
}
"""Names and contents of the results of a done job."""

LONG = timedelta(hours=12)
"""No worker touches these jobs: one waits so long for its next attempt, one is owned for so long."""

_CHANGES = {
    State.QUEUED: {},
    State.RUNNING: {"stage": "segment", "progress": 0.4},
    State.DONE: {
        "stage": "picture",
        "progress": 1.0,
        "verdicts": (Verdict("liver", Outcome.PRESENT, 501.25, 500.5, 0.93, "Drawn."),),
        "warnings": ("COARSE_SLICES: slices are 8 mm apart",),
        "provenance": JOB_EXAMPLE["provenance"],
    },
    State.FAILED: {"problem": Problem.of(GantryTiltError("14 degrees", instance_uids=("1.2.3",)))},
    State.CANCELLED: {"cancel_requested": True},
}


@dataclass
class ApiStock:
    """A tenant's jobs, one in each state; what a request has changed or erased is replaced when it is next asked for.

    Both parts are those of the gateway under test.
    """

    jobs: JobStore
    results: ResultStore
    tenant: str
    _ids: dict[State, str] = field(default_factory=dict)

    def job_in(self, state: State) -> str:
        """The id of a job that is in a state."""
        known = self._ids.get(state)
        job = None if known is None else self.jobs.get(known)
        if job is None or job.state is not state or job.cancel_requested is not (state is State.CANCELLED):
            self._ids[state] = self._made(state)
        return self._ids[state]

    def _made(self, state: State) -> str:
        now, job_id = self.jobs.now(), str(uuid.uuid4())
        has_begun = state is not State.QUEUED
        job = Job(
            id=job_id,
            options=Options("stand-in"),
            accepted_at=now,
            resend_at=now + LONG,
            tenant=self.tenant,
            upload_files=12,
            upload_bytes=120_000,
            state=state,
            attempt=int(has_begun),
            owner="nobody" if state is State.RUNNING else None,
            lease_until=now + LONG if state is State.RUNNING else None,
            started_at=now if has_begun else None,
            ended_at=now if state in ENDED else None,
            rest_until=None if has_begun else now + LONG,
            results=self._results(job_id) if state is State.DONE else None,
            **_CHANGES[state],  # type: ignore[arg-type]
        )
        return self.jobs.accept(job).id

    def _results(self, job_id: str) -> dict[str, str]:
        keys = {name: f"{job_id}/1/{name}" for name in RESULTS}
        with tempfile.TemporaryDirectory() as folder:
            for name, content in RESULTS.items():
                file = Path(folder) / name
                file.write_bytes(content)
                self.results.put(keys[name], file)
        return keys
