"""Where a federation's training may differ from nnU-Net's own, for networks that processors train."""

from dataclasses import dataclass
from typing import Literal

SGD_RATE, ADAMW_RATE = 1e-2, 1.5e-3
"""The highest learning rate of each optimiser: nnU-Net's, and the one the shipped network was first trained with."""


@dataclass(frozen=True)
class Recipe:
    """How steps are taken; every site should take them alike. Without arguments it is nnU-Net's own way.

    ``learning_rate`` is the highest one. ``foreground`` is the share of patches that are drawn around an organ, each by
    chance; nnU-Net's own way is a third of the patches of a batch, which of a batch of one patch is none. ``fast_cpu``
    runs the forward pass in bf16 and keeps freed memory, on a processor.
    """

    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float | None = None
    foreground: float | None = None
    fast_cpu: bool = False

    @property
    def peak(self) -> float:
        """The highest learning rate."""
        usual = SGD_RATE if self.optimizer == "sgd" else ADAMW_RATE
        return usual if self.learning_rate is None else self.learning_rate
