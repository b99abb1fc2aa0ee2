"""Where the arrays of a segmentation live while it is prepared and labelled: the port, and the processor's memory."""

from typing import Any, Protocol

import numpy.typing as npt

from pedcontour.inference.confidence import Confidence
from pedcontour.inference.labelling import Labelling, labelling_for
from pedcontour.inference.layout import Layout
from pedcontour.inference.memory import Need, check_memory, memory_left_bytes
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import Prepared, prepare


class Place(Protocol):
    """The stages beside the network, with their arrays in one memory."""

    def memory_bytes(self, need: Need) -> int:
        """The most that a segmentation takes of the machine's memory, beside the image and the loaded networks."""
        ...

    def check_memory(self, need: Need) -> None:
        """Refuse what cannot succeed before any work.

        Raises ``MemoryTooSmallError`` where the machine's memory is too small, and ``OutOfMemoryError`` where that of a
        card is: then another place may do.
        """
        ...

    def prepare(
        self,
        definition: Definition,
        voxels: npt.NDArray[Any],
        spacing_mm: tuple[float, float, float],
        *,
        look_for_body: bool,
    ) -> Prepared:
        """The network's view of an image; see ``nnunet_steps.prepare``."""
        ...

    def labelling(
        self, definition: Definition, prepared: Prepared, layout: Layout, confidence: Confidence
    ) -> Labelling:
        """What makes labels of logits; see ``labelling.labelling_for``."""
        ...


class OnHost:
    """A ``Place``: the processor's memory, with numpy."""

    def memory_bytes(self, need: Need) -> int:
        """All of it."""
        return need.peak_bytes

    def check_memory(self, need: Need) -> None:
        """Against what the container or the machine has left."""
        check_memory(need, self.memory_bytes(need), memory_left_bytes())

    def prepare(
        self,
        definition: Definition,
        voxels: npt.NDArray[Any],
        spacing_mm: tuple[float, float, float],
        *,
        look_for_body: bool,
    ) -> Prepared:
        """See ``Place``."""
        return prepare(definition, voxels, spacing_mm, look_for_body=look_for_body)

    def labelling(
        self, definition: Definition, prepared: Prepared, layout: Layout, confidence: Confidence
    ) -> Labelling:
        """See ``Place``."""
        return labelling_for(definition, prepared, layout, confidence)
