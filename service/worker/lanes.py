"""Lanes: whole jobs side by side in one worker, whose networks run one at a time."""

from collections.abc import Sequence
from pathlib import Path
from queue import LifoQueue

from service.jobs import Job
from service.worker.run import Contoured, Contourer, StageProgress


class Lanes:
    """A ``Contourer`` (``service/worker/run.py``) over several, each for one job at a time; for as many threads.

    The lane that worked last is taken first: where there is no queue, one lane's memory stays in use and warm.
    """

    def __init__(self, lanes: Sequence[Contourer]) -> None:
        self._free: LifoQueue[Contourer] = LifoQueue()
        for lane in reversed(lanes):
            self._free.put(lane)

    def __call__(self, job: Job, upload: Path, out: Path, progress: StageProgress) -> Contoured:
        """See ``service.worker.run.Contourer``; waits for a lane where all are taken."""
        lane = self._free.get()
        try:
            return lane(job, upload, out, progress)
        finally:
            self._free.put(lane)
