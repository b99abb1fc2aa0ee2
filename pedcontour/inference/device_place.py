"""A graphics card's memory as the place of a segmentation's arrays: voxels go there once, labels come back."""

from typing import Any

import numpy.typing as npt
import torch

from pedcontour.errors import OutOfMemoryError
from pedcontour.inference.confidence import Confidence
from pedcontour.inference.device_labelling import labelling_on_device
from pedcontour.inference.device_steps import prepare_on_device
from pedcontour.inference.labelling import Labelling
from pedcontour.inference.layout import Layout
from pedcontour.inference.memory import Need, check_memory, memory_left_bytes
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import Prepared


class OnDevice:
    """A ``Place``: the memory of a device of torch, with torch."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def memory_bytes(self, need: Need) -> int:
        """What is not on the card."""
        return need.beside_card_bytes

    def check_memory(self, need: Need) -> None:
        """The card's against what its driver and torch have left, the machine's as always."""
        check_memory(need, self.memory_bytes(need), memory_left_bytes())
        left = card_left_bytes(self._device)
        if left is not None and need.on_card_bytes > left:
            raise OutOfMemoryError("of the graphics card")

    def prepare(
        self,
        definition: Definition,
        voxels: npt.NDArray[Any],
        spacing_mm: tuple[float, float, float],
        *,
        look_for_body: bool,
    ) -> Prepared:
        """See ``Place``."""
        return prepare_on_device(definition, voxels, spacing_mm, self._device, look_for_body=look_for_body)

    def labelling(
        self, definition: Definition, prepared: Prepared, layout: Layout, confidence: Confidence
    ) -> Labelling:
        """See ``Place``."""
        return labelling_on_device(definition, prepared, layout, confidence, self._device)


def card_left_bytes(device: torch.device) -> int | None:
    """What may still be taken on a card: free by its driver, or kept by torch and not in use; None without a card."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return int(free) + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
