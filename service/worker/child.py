"""``python -m service.worker.child <descriptor>``: the child that contours. It alone names the concrete engine."""

import sys

from pedcontour.bundle import ModelBundle, find_model
from pedcontour.errors import RequestError
from pedcontour.inference.port import Engine
from pedcontour.settings import Settings
from service.logs import configure_logs
from service.worker.contouring import EngineContourer
from service.worker.contouring_child import join_worker, serve_orders
from service.worker.messages import Failed, send


def main() -> None:
    """Contour for the worker at the other end of the channel, with the settings of the environment."""
    channel = join_worker(int(sys.argv[1]))
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)

    # Here and not above: torch takes seconds to import, and the tie to the worker should not wait for it.
    from pedcontour.dicom.warming import warm_up_dicom
    from pedcontour.inference.choice import EngineChoice, check_choice, load_engine

    choice = EngineChoice(settings.device, settings.engine, settings.threads, settings.cache_folder)
    try:
        check_choice(choice)
    except RequestError as error:  # else every job would fail, one after the other
        send(channel, Failed.of(RequestError(f"PEDCONTOUR_DEVICE: {error.detail}")))
        return

    def load(model: ModelBundle) -> Engine:
        engine = load_engine(model, choice)
        engine.warm_up()
        return engine

    contour = EngineContourer(lambda model_id: find_model(settings.models_dir, model_id), load)

    def warm_up() -> None:
        warm_up_dicom()
        contour.warm(find_model(settings.models_dir, settings.default_model))

    serve_orders(channel, contour.do, warm_up)


if __name__ == "__main__":
    main()
