"""One bundle's network, whatever runs it: the port of runtimes, and what is done where the memory is not enough."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from pedcontour.errors import OutOfMemoryError
from pedcontour.inference.device_errors import device_errors
from pedcontour.inference.place import Place
from pedcontour.inference.running_memory import Running
from pedcontour.inference.sliding import TileNetwork

_Done = TypeVar("_Done")


class Networks(Protocol):
    """One bundle's network, ready in one or two precisions."""

    @property
    def place(self) -> Place:
        """Where the arrays around the network live."""
        ...

    def name(self, *, half: bool) -> str:
        """What runs, as the report says it."""
        ...

    def network(self, *, half: bool) -> TileNetwork:
        """The network in half precision, where that is fast here, or in float32. Loaded once.

        Raises what its runtime raises where the memory is not enough.
        """
        ...

    def memory(self, *, half: bool) -> Running:
        """What the network takes when it is asked for and runs now."""
        ...

    @property
    def given_up(self) -> tuple[str, ...]:
        """Sentences for the report about what the networks so far asked for could not do and did otherwise."""
        ...

    def smaller(self) -> "tuple[Networks, str] | None":
        """What to run instead where the memory was not enough, and a sentence about it; None where that is all."""
        ...


def where_memory_is_enough(networks: Networks, work: Callable[[Networks], _Done]) -> tuple[_Done, tuple[str, ...]]:
    """What ``work`` gives with these networks, or with smaller ones where it runs out of memory; what was given up.

    Raises ``OutOfMemoryError`` where nothing smaller is left, and ``DeviceFailedError``.
    """
    fallbacks: tuple[str, ...] = ()
    while True:
        try:
            with device_errors():
                return work(networks), fallbacks
        except OutOfMemoryError:
            with device_errors():
                smaller = networks.smaller()
            if smaller is None:
                raise
        networks, said = smaller
        fallbacks += (said,)
