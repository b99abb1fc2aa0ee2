"""``python -m service.worker``: the composition root of a worker. It alone names the concrete engine."""

import logging

from pedcontour.bundle import ModelBundle, find_model
from pedcontour.errors import ModelError, ModelNotFoundError
from pedcontour.inference.port import Engine
from pedcontour.settings import Settings
from service.worker.contouring import EngineContourer
from service.worker.start import run_worker


def main() -> None:
    """Run a worker with the settings of the environment."""
    settings = Settings()

    def load(model: ModelBundle) -> Engine:
        # Here and not above: torch takes seconds to import, and the first sign of life should not wait for it.
        from pedcontour.inference.nnunet_torch import TorchEngine

        return TorchEngine(model, device=settings.device, threads=settings.threads)

    contour = EngineContourer(lambda model_id: find_model(settings.models_dir, model_id), load)

    def warm_up() -> None:
        try:
            contour.warm(find_model(settings.models_dir, settings.default_model))
        except (ModelError, ModelNotFoundError) as error:
            logging.getLogger("service.worker").warning("no model was loaded ahead: %s", error.code)

    run_worker(settings, contour, warm_up)


if __name__ == "__main__":
    main()
