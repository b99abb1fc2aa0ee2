"""AdamW with a warm-up: with a few thousand iterations instead of 250 000 it gets further than SGD."""

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

WEIGHT_DECAY = 1e-2
WARM_UP_EPOCHS = 2


class WarmPolyLR(LRScheduler):
    """Poly decay (power 0.9) after a linear warm-up, stepped per epoch as nnU-Net does."""

    def __init__(self, optimizer: torch.optim.Optimizer, peak: float, epochs: int, warm_up: int) -> None:
        self.peak, self.epochs, self.warm_up = peak, epochs, warm_up
        super().__init__(optimizer, -1)

    def step(self, epoch: int | None = None) -> None:
        """Set the rate for ``epoch``, counted from 0."""
        now = self.last_epoch + 1 if epoch is None else epoch
        self.last_epoch = now
        rate = self.peak * min((now + 1) / (self.warm_up + 1), (1 - now / (self.epochs + 1)) ** 0.9)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self._last_lr = [rate for _ in self.optimizer.param_groups]


def adamw(network: nn.Module, peak: float, epochs: int) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """The optimiser of a network, and its rate over so many epochs, at most ``peak``."""
    optimizer = torch.optim.AdamW(network.parameters(), peak, weight_decay=WEIGHT_DECAY)
    return optimizer, WarmPolyLR(optimizer, peak, epochs, WARM_UP_EPOCHS)
