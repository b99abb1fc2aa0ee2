"""A runtime that is preferred, and another for the models that it cannot take."""

import logging
from collections.abc import Callable

from pedcontour.errors import PedcontourError
from pedcontour.inference.device_errors import device_errors
from pedcontour.inference.networks import Networks
from pedcontour.inference.place import Place
from pedcontour.inference.running_memory import Running
from pedcontour.inference.sliding import TileNetwork

log = logging.getLogger(__name__)


class Preferred:
    """``Networks`` that are ``first`` until these cannot be made ready, and those that ``other`` makes from then on.

    A model that is damaged, and memory that ran out, are no reason to change: the other runtime would meet them, too.
    """

    def __init__(self, first: Networks, other: Callable[[], Networks]) -> None:
        self._networks, self._other = first, other
        self._gave_up: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """That of the networks which run."""
        return self._networks.place

    def name(self, *, half: bool) -> str:
        """What runs."""
        return self._networks.name(half=half)

    def network(self, *, half: bool) -> TileNetwork:
        """The network of the first runtime, or of the other one where that raises what it should not.

        Raises what the other raises, and of the first ``PedcontourError``.
        """
        if self._gave_up:
            return self._networks.network(half=half)
        try:
            with device_errors():
                return self._networks.network(half=half)
        except PedcontourError:
            raise
        except Exception as error:  # a converter or compiler may raise anything about a network that it does not know
            before, self._networks = self._networks.name(half=half), self._other()
            after = self._networks.name(half=half)
            said = f"{before} could not take the network ({type(error).__name__}): {after} ran it, more slowly"
            self._gave_up = (said,)
            log.warning(said)
            return self._networks.network(half=half)

    def memory(self, *, half: bool) -> Running:
        """That of the networks which run."""
        return self._networks.memory(half=half)

    @property
    def given_up(self) -> tuple[str, ...]:
        """That the first runtime was given up, and what the networks say."""
        return (*self._gave_up, *self._networks.given_up)

    def smaller(self) -> tuple[Networks, str] | None:
        """What the networks which run have."""
        return self._networks.smaller()
