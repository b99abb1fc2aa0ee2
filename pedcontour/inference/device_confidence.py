"""How sure a network is, counted on a device: only sums come back to the processor."""

from collections.abc import Sequence

import torch

from pedcontour.inference.confidence import FIRM, Sums
from pedcontour.inference.memory import COARSE_VOXELS_AT_ONCE


def sums_on_device(scores: torch.Tensor, label_of_channel: Sequence[int]) -> Sums:
    """What ``Confidence`` gathers from voxels with the scores ``(channels, planes, b, c)``, on any device.

    The same every time: sums over the voxels of one label after the other, which no order of threads changes.
    """
    labels_of = torch.tensor(label_of_channel, dtype=torch.int64, device=scores.device)
    sums = torch.zeros((4, int(max(label_of_channel)) + 1), dtype=torch.float64, device=scores.device)
    planes = max(1, COARSE_VOXELS_AT_ONCE // (scores.shape[2] * scores.shape[3]))
    for start in range(0, scores.shape[1], planes):
        _add(sums, scores[:, start : start + planes].reshape(len(scores), -1), labels_of)
    return Sums(*sums.cpu().numpy())


def _add(sums: torch.Tensor, scores: torch.Tensor, labels_of: torch.Tensor) -> None:
    labels = labels_of[scores.argmax(0)]  # the first of equals
    drawn = labels.nonzero().squeeze(1)
    labels = labels[drawn]
    chosen = scores[:, drawn].float()
    odds = (chosen - chosen.amax(0)).exp_()
    own = odds.where(labels_of[:, None] == labels, 0.0).sum(0)
    probability = (own / odds.sum(0)).double()
    for label in range(1, sums.shape[1]):
        member = labels == label
        of_label = probability.where(member, 0.0)
        sums[0, label] += of_label.sum()
        sums[1, label] += of_label.square().sum()
        sums[2, label] += member.sum()
        sums[3, label] += (of_label >= FIRM).sum()
