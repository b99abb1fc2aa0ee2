"""``python -m tests.stand_ins.worker``: the real worker with the stand-in engine, slowed down by STAND_IN_SECONDS."""

import os

from pedcontour.bundle import find_model
from pedcontour.settings import Settings
from service.worker.contouring import EngineContourer
from service.worker.start import run_worker
from tests.stand_ins.model import ShadeEngine


def main() -> None:
    settings = Settings()
    seconds = float(os.environ.get("STAND_IN_SECONDS", "0"))
    run_worker(
        settings,
        EngineContourer(
            lambda model_id: find_model(settings.models_dir, model_id), lambda model: ShadeEngine(model, seconds)
        ),
    )


if __name__ == "__main__":
    main()
