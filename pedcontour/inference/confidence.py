"""How sure a network is of what it draws."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pedcontour.inference.decision import Decision, LargestScore

FIRM = 0.9
"""A voxel counts as firm from this probability on: it would still be drawn if the bar were raised that far."""


class Certainty(NamedTuple):
    """How sure a network was of a label, over the voxels it gave to it: mean and standard deviation of the probability,
    and the share of voxels that are ``FIRM``; each 0 to 1."""

    mean: float
    spread: float
    firm: float = 0.0


class Sums(NamedTuple):
    """Over the voxels of each label: its probabilities, their squares, how many they are and how many of them are firm;
    one number a label."""

    total: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64]
    voxels: npt.NDArray[np.float64]
    firm: npt.NDArray[np.float64]


class Confidence:
    """Gathers, per label, its probability over the voxels of the network's grid labelled so.

    It is the softmax, summed over the channels of the label (``label_of_channel``), or what another ``decision`` takes
    for it. Only voxels with a label are looked at: most of an image is background.
    """

    def __init__(self, label_of_channel: Sequence[int], decision: Decision | None = None) -> None:
        self.label_of_channel = tuple(label_of_channel)
        self._label_of_channel = np.array(label_of_channel, np.intp)
        self._decision = decision or LargestScore(len(label_of_channel))
        self._labels = int(self._label_of_channel.max()) + 1
        self._total = np.zeros(self._labels)
        self._squares = np.zeros(self._labels)
        self._count = np.zeros(self._labels, np.int64)
        self._firm = np.zeros(self._labels, np.int64)

    def add(self, scores: npt.NDArray[Any], winner: npt.NDArray[np.uint8]) -> None:
        """Add voxels with their scores ``(channels, ...)`` and the class of each."""
        for plane, classes in zip(scores.swapaxes(0, 1), winner, strict=True):
            self._add_plane(plane.reshape(len(scores), -1), classes.reshape(-1).astype(np.intp))

    def add_sums(self, sums: Sums) -> None:
        """Add voxels that were counted elsewhere."""
        self._total += sums.total
        self._squares += sums.squares
        self._count += sums.voxels.astype(np.int64)
        self._firm += sums.firm.astype(np.int64)

    def _add_plane(self, scores: npt.NDArray[Any], classes: npt.NDArray[np.intp]) -> None:
        (drawn,) = np.nonzero(self._label_of_channel[classes])
        classes = classes[drawn]
        labels = self._label_of_channel[classes]
        chosen = scores[:, drawn].astype(np.float32)
        probability = self._decision.probability(chosen, self._label_of_channel, classes).astype(np.float64)
        self._total += np.bincount(labels, probability, self._labels)
        self._squares += np.bincount(labels, probability**2, self._labels)
        self._count += np.bincount(labels, minlength=self._labels)
        self._firm += np.bincount(labels[probability >= FIRM], minlength=self._labels)

    def by_label(self) -> dict[int, Certainty]:
        """A label that wins nowhere on this grid is left out, and so is background."""
        return {label: self._certainty(label) for label in range(1, self._labels) if self._count[label]}

    def _certainty(self, label: int) -> Certainty:
        mean = float(self._total[label] / self._count[label])
        variance = max(0.0, float(self._squares[label] / self._count[label]) - mean**2)
        return Certainty(min(mean, 1.0), variance**0.5, float(self._firm[label] / self._count[label]))
