"""One job from claim to end: only who claims a job works on it."""

import logging
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from pedcontour.errors import (
    CancelledError,
    EngineUnusableError,
    NothingDrawnError,
    PedcontourError,
    StoreError,
    WorkerTroubleError,
)
from pedcontour.storage import ResultStore
from pedcontour.verdicts import Verdict
from service.jobs import EVERY_PRIORITY, Ending, Job, Priority, Problem, State
from service.jobstore import Beat, JobStore
from service.logs import log_fields
from service.worker.declared import log_declared
from service.worker.shift import Shift

log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 0.5
"""At most so often is progress written to the table, and the cancel flag read."""

TROUBLE_OF_THE_PLACE = (StoreError, WorkerTroubleError, OSError, MemoryError)
"""What another attempt, perhaps elsewhere, may not meet again: the job is given back instead of failed."""


StageProgress = Callable[[str, float], None]
"""Told the stage and the finished share of the whole, as ``pedcontour.contour`` tells them. A worker imports nothing of
that package, which loads what reads images."""


@dataclass(frozen=True)
class Contoured:
    """What a contouring gave; ``files`` are the names of the results in the output folder.

    ``provenance`` is where they come from, as plain data; see ``service.jobs.Ending``.
    """

    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]
    files: tuple[str, ...]
    provenance: Mapping[str, Any] | None = None


Contourer = Callable[[Job, Path, Path, StageProgress], Contoured]
"""Contours the upload of a job (a folder of files, or of one zip) into an output folder that it makes.

Called as ``contour(job, upload, out, progress)``. ``progress`` raises ``CancelledError`` when the work must stop.
Raises ``PedcontourError``; the same job gives the same results whenever and wherever it is called.
"""


@dataclass(frozen=True)
class WorkerParts:
    """What the composition root gives to a worker; ``lanes`` is how many jobs it does side by side."""

    jobs: JobStore
    results: ResultStore
    uploads: Path
    contour: Contourer
    name: str
    heartbeat_s: float = 15.0
    priorities: tuple[Priority, ...] = EVERY_PRIORITY
    lanes: int = 1


class _LostError(CancelledError):
    """The job now belongs to another worker."""


def run_next(parts: WorkerParts, shift: Shift) -> bool:
    """Claim the job whose turn it is and see it through; False: there is none to be begun.

    A worker whose engine cannot be loaded any more is asked to stop: the next job would meet the same.
    """
    owner = f"{parts.name}/{uuid.uuid4().hex}"
    job = parts.jobs.claim_next(owner, parts.priorities)
    if job is None:
        return False
    with shift.holding(job.id, owner), log_fields(job=job.id):
        try:
            run_job(job, owner, parts)
        except EngineUnusableError as error:
            log.critical(error.advice, extra={"code": error.code})
            shift.end()
    if parts.jobs.get(job.id) is None:  # erased meanwhile: what was written late must not stay
        parts.results.delete(job.id)
    return True


def run_job(job: Job, owner: str, parts: WorkerParts) -> None:
    """See a job through that ``owner`` has claimed.

    Raises ``EngineUnusableError`` once the job is given back, when no other would be drawn either.
    """
    job_id = job.id
    log.info("job %s: attempt %d", job_id, job.attempt)
    tie = _Tie(parts.jobs, job_id, owner)
    with _heartbeats(tie, parts.heartbeat_s):
        try:
            ending = _contour(job, parts, tie)
        except _LostError:
            log.warning("job %s: lost to another worker", job_id)
            return
        except CancelledError:
            ending = Ending(State.CANCELLED)
        except TROUBLE_OF_THE_PLACE as error:
            trouble = error.code if isinstance(error, PedcontourError) else type(error).__name__
            log.warning("job %s: given back after %s", job_id, trouble)
            parts.jobs.release(job_id, owner, trouble)
            if isinstance(error, EngineUnusableError):
                raise
            return
        except NothingDrawnError as error:
            ending = Ending(State.FAILED, Problem.of(error), error.verdicts, error.warnings)
        except Exception as error:
            ending = Ending(State.FAILED, _problem_of(error))
    kept = parts.jobs.end(job_id, owner, ending)
    log_declared(job, ending)
    log.info("job %s: %s%s", job_id, ending.state, "" if kept else " too late, not kept")


def _contour(job: Job, parts: WorkerParts, tie: "_Tie") -> Ending:
    with tempfile.TemporaryDirectory(prefix="pedcontour-") as work:
        out = Path(work) / "out"
        contoured = parts.contour(job, parts.uploads / job.id, out, tie.progress)
        tie.beat()
        keys = {name: f"{job.id}/{job.attempt}/{name}" for name in contoured.files}
        for name, key in keys.items():
            parts.results.put(key, out / name)
            tie.beat()
    return Ending(State.DONE, None, contoured.verdicts, contoured.warnings, keys, contoured.provenance)


def _problem_of(error: Exception) -> Problem:
    """Of a foreign exception only the class is told: its message may hold values of the patient's headers."""
    if isinstance(error, PedcontourError):
        return Problem.of(error)
    log.error("internal error: %s", type(error).__name__)
    return Problem.of(PedcontourError(type(error).__name__))


@dataclass
class _Tie:
    """The owner's tie to its job: renews the lease, tells progress, and learns whether to stop."""

    jobs: JobStore
    job_id: str
    owner: str
    stage: str = ""
    told_at: float = float("-inf")
    lost: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def progress(self, stage: str, share: float) -> None:
        """The ``StageProgress`` of the contouring."""
        now = monotonic()
        if stage != self.stage or now - self.told_at >= PROGRESS_EVERY_S:
            self.stage, self.told_at = stage, now
            self._note(self.jobs.beat(self.job_id, self.owner, stage, share))
        self._stop_if_told()

    def beat(self) -> None:
        """Renew the lease and stop where that was asked for."""
        self.renew()
        self._stop_if_told()

    def renew(self) -> None:
        """Renew the lease; what is learned is acted on at the next sign of progress."""
        self._note(self.jobs.beat(self.job_id, self.owner))

    def _note(self, beat: Beat | None) -> None:
        if beat is None:
            self.lost.set()
        elif beat.cancel_requested:
            self.cancelled.set()

    def _stop_if_told(self) -> None:
        if self.lost.is_set():
            raise _LostError
        if self.cancelled.is_set():
            raise CancelledError


@contextmanager
def _heartbeats(tie: _Tie, every_s: float) -> Iterator[None]:
    """Renew the lease from a thread, so that a stage that tells no progress for long keeps it too."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(every_s):
            try:
                tie.renew()
            except StoreError as error:
                log.warning("heartbeat: %s", error.code)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
