"""``python -m service.worker.child <descriptor>``: the child that contours. It alone names the concrete engine."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pedcontour.bundle import ModelBundle, find_model
from pedcontour.errors import EngineUnusableError, PedcontourError, RequestError
from pedcontour.inference.port import Engine
from pedcontour.settings import Settings
from service.logs import configure_logs
from service.worker.contouring import EngineContourer
from service.worker.contouring_child import Turn, join_worker, serve_orders
from service.worker.messages import Contour, Failed, send
from service.worker.run import Contoured, StageProgress

if TYPE_CHECKING:
    from pedcontour.inference.choice import EngineChoice


def main() -> None:
    """Contour for the worker at the other end of the channel, with the settings of the environment."""
    channel = join_worker(int(sys.argv[1]))
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)

    try:
        choice = _choice(settings)
    except PedcontourError as error:  # else every job would fail, one after the other
        send(channel, Failed.of(error))
        return

    from pedcontour.dicom.warming import warm_up_dicom
    from pedcontour.inference.choice import load_engine
    from pedcontour.inference.device_errors import free_unused_memory

    def make(model: ModelBundle) -> Engine:
        return load_engine(model, choice)

    contour = EngineContourer(lambda model_id: find_model(settings.models_dir, model_id), make)

    def load_ahead() -> None:
        contour.engine(find_model(settings.models_dir, settings.default_model)).warm_up()

    def do(order: Contour, progress: StageProgress, turn: Turn) -> Contoured:
        # The network that runs next does so in another process.
        return contour.do(order, progress, _tidied(turn, free_unused_memory))

    warm_up_dicom()
    serve_orders(channel, do, load_ahead)


def _choice(settings: Settings) -> "EngineChoice":
    """What the networks run on, checked.

    Raises ``RequestError`` that names the setting that does not fit, ``EngineUnusableError`` where not even PyTorch can
    be loaded.
    """
    try:
        # Here and not above: torch takes seconds to import, and the tie to the worker should not wait for it.
        from pedcontour.inference.choice import EngineChoice, check_device, check_runtime
    except Exception as error:  # a package of which a part is missing or does not fit may raise anything
        raise EngineUnusableError(type(error).__name__) from None
    choice = EngineChoice(settings.device, settings.engine, settings.threads, settings.cache_folder)
    for setting, check in (("PEDCONTOUR_DEVICE", check_device), ("PEDCONTOUR_ENGINE", check_runtime)):
        try:
            check(choice)
        except RequestError as error:
            raise RequestError(f"{setting}: {error.detail}") from None
    return choice


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
