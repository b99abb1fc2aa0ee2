"""``python -m tests.stand_ins.worker``: the real worker with a stand-in child, slowed down by STAND_IN_SECONDS."""

import sys

from pedcontour.settings import Settings
from service.entry import run_process
from service.worker.start import run_worker

INFERENCE = (sys.executable, "-m", "tests.stand_ins.child")


def main(settings: Settings) -> None:
    run_worker(settings, INFERENCE)


if __name__ == "__main__":
    run_process(main)
