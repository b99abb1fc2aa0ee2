"""``python -m service.worker.child <descriptor>``: the child that contours. It alone names the concrete engine."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pedcontour.bundle import ModelBundle, find_model
from pedcontour.errors import RequestError
from pedcontour.inference.port import Engine
from pedcontour.settings import Settings
from service.logs import configure_logs
from service.worker.contouring import EngineContourer
from service.worker.contouring_child import Turn, join_worker, serve_orders
from service.worker.messages import Contour, Failed, send
from service.worker.run import Contoured, StageProgress


def main() -> None:
    """Contour for the worker at the other end of the channel, with the settings of the environment."""
    channel = join_worker(int(sys.argv[1]))
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)

    # Here and not above: torch takes seconds to import, and the tie to the worker should not wait for it.
    from pedcontour.dicom.warming import warm_up_dicom
    from pedcontour.inference.choice import EngineChoice, check_choice, load_engine
    from pedcontour.inference.device_errors import free_unused_memory

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

    def do(order: Contour, progress: StageProgress, turn: Turn) -> Contoured:
        # The network that runs next does so in another process.
        return contour.do(order, progress, _tidied(turn, free_unused_memory))

    serve_orders(channel, do, warm_up)


def _tidied(turn: Turn, tidy: Callable[[], None]) -> Turn:
    """A turn at whose end is tidied up."""

    @contextmanager
    def tidied(needs_bytes: int) -> Iterator[None]:
        with turn(needs_bytes):
            try:
                yield
            finally:
                tidy()

    return tidied


if __name__ == "__main__":
    main()
