"""Work that is done again and again in the background."""

import logging
import threading
from collections.abc import Callable

from pedcontour.errors import PedcontourError

log = logging.getLogger(__name__)


def _nothing(_name: str) -> None:
    """Where nobody counts."""


class Rounds:
    """Calls ``work`` every ``every_s`` seconds in a thread of its own, between ``start`` and ``stop``.

    A round that breaks off, whatever it met, is told in the log, and the next one tries again.
    """

    def __init__(self, name: str, work: Callable[[], object], every_s: float) -> None:
        self._name = name
        self._work = work
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._on_break: Callable[[str], None] = _nothing

    def start(self, on_break: Callable[[str], None] = _nothing) -> None:
        """Begin, with a first round at once; ``on_break`` is told the name of the rounds whenever one breaks off."""
        self._on_break = on_break
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for a round that is under way."""
        self._stopped.set()
        self._thread.join(timeout=self._every_s + 5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._work()
            except Exception as error:
                what = error.code if isinstance(error, PedcontourError) else type(error).__name__
                log.warning("%s: %s", self._name, what)
                self._on_break(self._name)
            self._stopped.wait(self._every_s)
