"""How scores become classes: the largest of them, or regions painted over each other, as nnU-Net decides."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.winner import CoarseWinner, coarse_winner, first_largest

Scores = npt.NDArray[Any]
Classes = npt.NDArray[np.uint8]

SURELY_INSIDE = 2.0**-20
"""A region's logit that is larger at all corners of a cell stays above nnU-Net's threshold inside it, whatever rounding
does: its sigmoid exceeds a half by more than a rounding step of float32, and half precision has finer steps there."""


class Decision(Protocol):
    """What a network's scores mean. Scores are ``(channels, ...)``; class 0 is background."""

    @property
    def outside(self) -> Sequence[float]:
        """Scores by channel where no tile ran: background."""
        ...

    def coarse(self, scores: Scores) -> CoarseWinner:
        """The class of every voxel of the network's grid ``(channels, a, b, c)``, and whether it is certain.

        Where all corners of a cell have one certain class, so has everything inside it, interpolated linearly.
        """
        ...

    def pick(self, values: Scores) -> npt.NDArray[np.intp]:
        """The classes of voxels, from interpolated scores ``(voxels, channels)``."""
        ...

    def by_channel(self, shape: tuple[int, ...]) -> "ByChannel":
        """The same for whole volumes of scores that come one after the other."""
        ...

    def probability(self, scores: Scores, labels: npt.NDArray[np.intp], chosen: npt.NDArray[np.intp]) -> Scores:
        """Of voxels with scores ``(channels, voxels)``: that of the label each got; ``labels`` are those of classes,
        ``chosen`` the voxels' classes."""
        ...


class ByChannel(Protocol):
    """Takes the channels in their order."""

    classes: Classes

    def add(self, channel: int, values: Scores) -> None:
        """Take a channel's scores; they are not needed afterwards."""
        ...


def decision_of(definition: Definition) -> Decision:
    """That of a plan's head."""
    kind = OverlappingRegions if definition.labels.has_regions else LargestScore
    return kind(definition.channels)


class LargestScore:
    """Plain labels: a class is a channel, and the first largest score wins."""

    def __init__(self, channels: int) -> None:
        self.outside = (1.0, *[0.0] * (channels - 1))

    def coarse(self, scores: Scores) -> CoarseWinner:
        """See ``Decision.coarse``."""
        return coarse_winner(scores)

    def pick(self, values: Scores) -> npt.NDArray[np.intp]:
        """See ``Decision.pick``."""
        return first_largest(values)

    def by_channel(self, shape: tuple[int, ...]) -> ByChannel:
        """See ``Decision.by_channel``."""
        return _RunningMaximum(shape)

    def probability(self, scores: Scores, labels: npt.NDArray[np.intp], chosen: npt.NDArray[np.intp]) -> Scores:
        """Softmax, summed over the channels of the label."""
        odds = np.exp(scores - scores.max(axis=0))
        own = np.where(labels[:, None] == labels[chosen], odds, np.float32(0)).sum(axis=0)
        probability: Scores = own / odds.sum(axis=0)
        return probability


class _RunningMaximum:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self.classes = np.zeros(shape, np.uint8)
        self._best: Scores | None = None

    def add(self, channel: int, values: Scores) -> None:
        if self._best is None:
            self._best = np.array(values)
            return
        self.classes[values > self._best] = channel
        np.maximum(self._best, values, out=self._best)


class OverlappingRegions:
    """Regions: channel ``n`` paints class ``n + 1`` where its probability is above a half, the later over the earlier.

    That is ``LabelManager.convert_probabilities_to_segmentation`` of nnU-Net.
    """

    def __init__(self, channels: int) -> None:
        self.outside = (-1.0,) * channels

    def coarse(self, scores: Scores) -> CoarseWinner:
        """A class is certain where its own score surely is above and all later ones are not above the threshold."""
        winner = np.zeros(scores.shape[1:], np.uint8)
        clear = np.ones(scores.shape[1:], bool)
        for channel, values in enumerate(scores):
            above = values > 0
            winner[above] = channel + 1
            clear[above] = values[above] > SURELY_INSIDE
        return CoarseWinner(winner, clear)

    def pick(self, values: Scores) -> npt.NDArray[np.intp]:
        """See ``Decision.pick``."""
        number = np.arange(1, values.shape[1] + 1)
        classes: npt.NDArray[np.intp] = np.where(_inside(values), number, 0).max(axis=1)
        return classes

    def by_channel(self, shape: tuple[int, ...]) -> ByChannel:
        """See ``Decision.by_channel``."""
        return _Painting(shape)

    def probability(self, scores: Scores, labels: npt.NDArray[np.intp], chosen: npt.NDArray[np.intp]) -> Scores:
        """Of the region that was painted last."""
        own = np.take_along_axis(scores, chosen[None] - 1, axis=0)[0]
        probability: Scores = 1.0 / (1.0 + np.exp(-own))
        return probability


class _Painting:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self.classes = np.zeros(shape, np.uint8)

    def add(self, channel: int, values: Scores) -> None:
        self.classes[_inside(values)] = channel + 1


def _inside(scores: Scores) -> npt.NDArray[np.bool_]:
    """nnU-Net's own test, rounding included: its sigmoid in float32 above a half."""
    inside: npt.NDArray[np.bool_] = (torch.sigmoid(torch.from_numpy(scores).float()) > 0.5).numpy()
    return inside
