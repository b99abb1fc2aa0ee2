"""``python -m service.worker``: the composition root of a worker."""

import sys

from pedcontour.errors import RequestError
from pedcontour.settings import Settings
from service.worker.start import run_worker

INFERENCE = (sys.executable, "-m", "service.worker.child")
"""The child that contours with PyTorch."""


def main() -> None:
    """Run a worker with the settings of the environment."""
    try:
        run_worker(Settings(), INFERENCE)
    except RequestError as error:
        sys.exit(str(error.detail))


if __name__ == "__main__":
    main()
