"""nnU-Net's loss where not every organ was annotated: what nobody looked for is no negative.

A voxel that is labelled background is background or one of the organs that were not annotated in its case. So their
probabilities are added to the background's before the loss (Shi et al. 2021, marginal loss), and they have no score of
their own. An organ that was looked for and is not there, a resected kidney, stays a class without a voxel.
"""

import torch
from torch import nn


class MarginalLoss(nn.Module):
    """A loss around nnU-Net's; ``hidden`` (batch, channel) is true for organs not annotated, None where all are.

    With nothing hidden it is nnU-Net's own loss to the last bit.
    """

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self._loss = loss
        self.hidden: torch.Tensor | None = None

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The loss of logits (batch, channel, voxels...) against labels (batch, 1, voxels...)."""
        if self.hidden is not None:
            hidden = self.hidden.to(logits.device)
            logits, target = into_background(logits, hidden), as_background(target, hidden)
        loss: torch.Tensor = self._loss(logits, target)
        return loss


def into_background(logits: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Logits whose softmax gives the background the hidden organs' probabilities, and those none."""
    over_voxels = hidden.view(*hidden.shape, *(1,) * (logits.ndim - 2))
    merged = over_voxels.clone()
    merged[:, 0] = True
    nothing = float("-inf")
    background = logits.masked_fill(~merged, nothing).logsumexp(1, keepdim=True)
    return torch.cat([background, logits.masked_fill(over_voxels, nothing)[:, 1:]], 1)


def as_background(target: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Labels without those of hidden organs, should a case hold some after all."""
    is_hidden = hidden.gather(1, target.flatten(1).long()).view(target.shape)
    return target.masked_fill(is_hidden, 0)
