"""``python -m tests.stand_ins.child <descriptor>``: the real child with the stand-in engine, STAND_IN_SECONDS slow.

Its network also waits while there is the file STAND_IN_HELD_BY.
"""

import os
import sys
from pathlib import Path

from pedcontour.bundle import find_model
from pedcontour.settings import Settings
from service.logs import configure_logs
from service.worker.contouring import EngineContourer
from service.worker.contouring_child import join_worker, serve_orders
from tests.stand_ins.model import ShadeEngine


def main() -> None:
    channel = join_worker(int(sys.argv[1]))
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)
    seconds = float(os.environ.get("STAND_IN_SECONDS", "0"))
    held_by = Path(name) if (name := os.environ.get("STAND_IN_HELD_BY")) else None
    contour = EngineContourer(
        lambda model_id: find_model(settings.models_dir, model_id), lambda model: ShadeEngine(model, seconds, held_by)
    )

    def load_ahead() -> None:
        contour.engine(find_model(settings.models_dir, settings.default_model)).warm_up()

    serve_orders(channel, contour.do, load_ahead)


if __name__ == "__main__":
    main()
