"""``python -m service.worker``: the composition root of a worker."""

import sys

from pedcontour.settings import Settings
from service.entry import run_process
from service.worker.start import run_worker

INFERENCE = (sys.executable, "-m", "service.worker.child")
"""The child that contours with PyTorch."""


def contour_jobs(settings: Settings) -> None:
    """Run a worker around the child above. Raises what ``run_worker`` raises."""
    run_worker(settings, INFERENCE)


if __name__ == "__main__":
    run_process(contour_jobs)
