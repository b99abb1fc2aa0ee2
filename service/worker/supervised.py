"""The contourer of a worker: it parses and computes nothing itself, but has children do it and watches them."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pedcontour.errors import EngineUnusableError, ProcessEndedError, StoreError, WorkerTroubleError
from pedcontour.inference.memory import memory_left_beside
from pedcontour.settings import Settings
from service.confinement import Limits
from service.jobs import Job
from service.worker.gate import Gate
from service.worker.inference import InferenceChild
from service.worker.intake import Intake
from service.worker.lanes import Lanes
from service.worker.messages import CLEAN, Contour
from service.worker.patience import Patience
from service.worker.run import Contoured, Contourer, StageProgress

log = logging.getLogger(__name__)

INTAKE = (sys.executable, "-m", "service.worker.intake_child")

LARGEST_FILE_BYTES = 2**30
"""Most bytes of one file that the intake writes: what a zip's entry may unpack to."""

_INTAKE_NEEDS = ("PATH", "HOME", "LANG", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class SupervisedContourer:
    """A ``Contourer`` (``service/worker/run.py``): the intake cleans the upload, the warm child contours it."""

    intake: Intake
    inference: InferenceChild

    def __call__(self, job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        """See ``service.worker.run.Contourer``."""
        with TemporaryDirectory(prefix="pedcontour-in-") as folder:
            taken = self.intake.take(upload, Path(folder), job.options.series_uid, lambda: progress("read", 0.0))
            clean = Path(folder) / CLEAN
            return self.inference.contour(
                Contour(job=job, files=clean, out=out.absolute(), left_out=taken.ignored), progress
            )


@contextmanager
def supervised(settings: Settings, inference: Sequence[str]) -> Iterator[Contourer]:
    """The contourer of a worker, its children started and the first one's model loaded; they are ended with the block.

    ``inference`` is the command of the child that contours. Raises ``RequestError`` when that refuses a setting,
    ``EngineUnusableError`` when it can load no model or dies of its start: a worker that would spoil every job must
    not look like one that is ready. A child that is late is logged, and waited for again by the first job.
    """
    lanes: list[SupervisedContourer] = []
    gate = Gate(lambda: _room_bytes(lanes)) if settings.lanes > 1 else None
    lanes += [_lane(settings, inference, gate) for _ in range(settings.lanes)]
    try:
        _warm_up(lanes)
        yield Lanes(lanes)
    finally:
        for lane in lanes:
            lane.inference.close()
            lane.intake.close()


def _warm_up(lanes: Sequence[SupervisedContourer]) -> None:
    """Wait for the first lane's model only: the others load theirs, which runs it, in the turn of their first jobs."""
    first, *others = lanes
    try:
        for lane in lanes:
            lane.intake.prepare()
        _start(first.inference)
        for lane in others:
            lane.inference.prepare()
    except EngineUnusableError:
        raise
    except (WorkerTroubleError, StoreError) as error:
        log.warning("no model was loaded ahead: %s", error.code)


def _start(child: InferenceChild) -> None:
    try:
        child.start()
    except ProcessEndedError as error:
        raise EngineUnusableError(error.detail) from None


def _room_bytes(lanes: Sequence[SupervisedContourer]) -> int | None:
    """Memory beside what all lanes hold: their networks, and the images of the jobs under way."""
    return memory_left_beside(pid for lane in lanes if (pid := lane.inference.pid) is not None)


def _lane(settings: Settings, inference: Sequence[str], gate: Gate | None) -> SupervisedContourer:
    """What one job at a time passes through; ``gate`` is where several lanes share a device."""
    return SupervisedContourer(
        Intake(
            INTAKE,
            intake_environment(settings.environment(with_secrets=False)),
            Limits(settings.intake_memory_bytes, settings.intake_timeout_s, LARGEST_FILE_BYTES),
            settings.intake_timeout_s,
        ),
        InferenceChild(
            inference,
            settings.environment(with_secrets=False),
            Patience(settings.child_start_s, settings.job_timeout_s, settings.child_silence_s),
            gate=gate,
        ),
    )


def intake_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What the intake may know of its environment: how to start Python, and nothing that a sender could want."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in _INTAKE_NEEDS or name.startswith(("PYTHON", "LC_"))
    }
    # One thread: each that a library starts takes address space, which is limited.
    return {**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
