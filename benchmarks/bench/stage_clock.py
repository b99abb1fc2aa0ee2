"""Processor time of a job by its stages."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from time import process_time

from pedcontour.contour import ContourJob, contour_files


def contour_by_stages(files: Sequence[Path], out: Path, job: ContourJob) -> dict[str, float]:
    """Contour a series into ``out``, emptied first; returns ``<stage>_cpu_s`` of each stage, ``report`` the last."""
    shutil.rmtree(out, ignore_errors=True)
    clock = _StageClock()
    contour_files(files, out, job, clock.told)
    clock.told("end", 1.0)
    return {f"{name}_cpu_s": seconds for name, seconds in clock.seconds.items()}


class _StageClock:
    """Processor time of each stage, from what a job tells of its progress."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "", process_time()

    def told(self, stage: str, share: float) -> None:
        """See ``StageProgress``."""
        stage = "report" if stage == "picture" and self._stage == stage and share >= 1.0 else stage
        if self._stage in (stage, "report") and stage != "end":
            return
        now = process_time()
        if self._stage:
            self.seconds[self._stage] = now - self._since
        self._stage, self._since = stage, now
