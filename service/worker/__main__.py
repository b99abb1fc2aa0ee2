"""``python -m service.worker``: the composition root of a worker. It alone names the concrete engine."""

import logging
import sys

from pedcontour.bundle import ModelBundle, find_model
from pedcontour.errors import PedcontourError, RequestError
from pedcontour.inference.port import Engine
from pedcontour.settings import Settings
from service.worker.contouring import EngineContourer
from service.worker.start import run_worker

log = logging.getLogger("service.worker")


def check_device(device: str) -> None:
    """End here where the device is not there: else every job would fail, one after the other."""
    from pedcontour.inference.nnunet_torch import find_device

    try:
        find_device(device)
    except RequestError as error:
        sys.exit(f"PEDCONTOUR_DEVICE: {error.detail}")


def main() -> None:
    """Run a worker with the settings of the environment."""
    settings = Settings()
    if settings.device not in ("auto", "cpu"):
        check_device(settings.device)

    def load(model: ModelBundle) -> Engine:
        # Here and not above: torch takes seconds to import, and the first sign of life should not wait for it.
        from pedcontour.inference.nnunet_torch import TorchEngine

        engine = TorchEngine(model, device=settings.device, threads=settings.threads)
        engine.warm_up()
        return engine

    contour = EngineContourer(lambda model_id: find_model(settings.models_dir, model_id), load)

    def warm_up() -> None:
        try:
            contour.warm(find_model(settings.models_dir, settings.default_model))
        except PedcontourError as error:
            log.warning("no model was loaded ahead: %s", error.code)
        except Exception as error:  # the job that meets it again tells of it; messages may hold paths
            log.warning("no model was loaded ahead: %s", type(error).__name__)

    run_worker(settings, contour, warm_up)


if __name__ == "__main__":
    main()
