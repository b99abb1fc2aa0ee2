"""A contourer around a contourer that measures it: waits, runs, stages, and how attempts end."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from pedcontour.errors import CancelledError, PedcontourError, StoreError
from service.figures import RUN_BUCKETS_S, WAIT_BUCKETS_S, Figure, FigureStore, measured
from service.jobs import Job
from service.jobstore import Clock, utc_now
from service.worker.run import Contoured, Contourer, StageProgress

log = logging.getLogger(__name__)

WAIT, RUN, STAGE, ATTEMPTS, FAILURES = "wait_seconds", "run_seconds", "stage_seconds", "attempts", "failures"
"""Names of the figures; the gateway tells them under ``pedcontour_job_``."""


class MeasuredContourer:
    """A ``Contourer`` that adds to the figures; a table that does not take them spoils no job."""

    def __init__(
        self,
        contour: Contourer,
        figures: FigureStore,
        clock: Clock = utc_now,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self._contour = contour
        self._figures = figures
        self._clock = clock
        self._elapsed = elapsed

    def __call__(self, job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        """See ``service.worker.run.Contourer``."""
        figures: dict[Figure, float] = {}
        if job.attempt == 1:
            figures |= measured(WAIT, (self._clock() - job.accepted_at).total_seconds(), WAIT_BUCKETS_S)
        begun, stages, end = self._elapsed(), _Stages(self._elapsed), "done"

        def told(stage: str, share: float) -> None:
            stages.enter(stage)
            progress(stage, share)

        try:
            contoured = self._contour(job, upload, out, told)
            figures |= measured(RUN, self._elapsed() - begun, RUN_BUCKETS_S)
            return contoured
        except CancelledError:
            end = "cancelled"
            raise
        except PedcontourError as error:
            end = "failed"
            figures[Figure(FAILURES, error.code)] = 1.0
            raise
        except BaseException:
            end = "broken"
            raise
        finally:
            figures |= stages.figures()
            figures[Figure(ATTEMPTS, end)] = 1.0
            self._keep(figures)

    def _keep(self, figures: dict[Figure, float]) -> None:
        try:
            self._figures.add(figures)
        except StoreError as error:
            log.warning("figures not kept: %s", error.code)


@dataclass
class _Stages:
    """Seconds in each stage."""

    elapsed: Callable[[], float]
    seconds: dict[str, float] = field(default_factory=dict)
    current: str = ""
    since: float = 0.0

    def enter(self, stage: str) -> None:
        """Begin a stage, or go on with it."""
        if stage == self.current:
            return
        now = self.elapsed()
        if self.current:
            self.seconds[self.current] = self.seconds.get(self.current, 0.0) + now - self.since
        self.current, self.since = stage, now

    def figures(self) -> dict[Figure, float]:
        """What is to be added, at the end of the last stage."""
        self.enter("")
        added: dict[Figure, float] = {}
        for stage, seconds in self.seconds.items():
            added |= measured(STAGE, seconds, label=stage)
        return added
