"""From finished logits to labels on the scanner's grid, as nnU-Net's export finds them."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from pedcontour.inference.confidence import Confidence
from pedcontour.inference.covered import Covered
from pedcontour.inference.decision import decision_of
from pedcontour.inference.layout import Layout
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_resampling import resampling_of
from pedcontour.inference.nnunet_steps import Prepared
from pedcontour.inference.sliding import Slab
from pedcontour.inference.winner import AxisSampling, Sampling, winning_class

Channels = npt.NDArray[np.uint8]


class Labelling(Protocol):
    """Takes slabs in their order, gives the class of every voxel of the scanner's grid (``decision.py``)."""

    def add(self, slab: Slab) -> None:
        """Take what has been finished; it is not needed afterwards."""
        ...

    def channels(self) -> Channels:
        """The classes, axes ``(k, j, i)``; 0 outside the tiles. With plain labels a class is a channel."""
        ...


def labelling_for(definition: Definition, prepared: Prepared, layout: Layout, confidence: Confidence) -> Labelling:
    """The way that the plan's resampling of logits asks for.

    Where it is linear (nnU-Net's default), ``winning_class`` gives the labels slab by slab without a volume a class.
    """
    sampling = linear_sampling(definition, prepared)
    if sampling is None:
        return _ByWholeVolumes(definition, prepared, layout, confidence)
    return _Lazily(definition, prepared, layout, sampling, confidence)


def linear_sampling(definition: Definition, prepared: Prepared) -> Sampling | None:
    """nnU-Net's default resampling of logits, axis by axis; None where the plan asks for another one.

    Linear, but for an axis of thick slices, along which nnU-Net takes the nearest.
    """
    if needs_whole_volumes(definition, prepared.spacing_mm):
        return None
    how = resampling_of(definition, "probabilities", definition.configuration.spacing, prepared.spacing_mm)
    thick_axis = how.thick_axis if how else None
    a, b, c = (
        AxisSampling.nearest(n, m) if axis == thick_axis else AxisSampling.linear(n, m)
        for axis, (n, m) in enumerate(zip(prepared.data.shape[1:], prepared.cropped_shape, strict=True))
    )
    return a, b, c


def needs_whole_volumes(definition: Definition, spacing_mm: tuple[float, ...]) -> bool:
    """Whether logits of the whole image are held at once; ``spacing_mm`` is the scanner's, transposed."""
    how = resampling_of(definition, "probabilities", definition.configuration.spacing, spacing_mm)
    return how is None or how.order != 1 or (how.thick_axis is not None and how.order_across != 0)


class _Lazily:
    def __init__(
        self, definition: Definition, prepared: Prepared, layout: Layout, sampling: Sampling, confidence: Confidence
    ) -> None:
        self._definition, self._prepared, self._confidence = definition, prepared, confidence
        self._decision = decision_of(definition)
        self._covered = Covered.by(layout, sampling)
        self._winner = np.zeros(prepared.cropped_shape, np.uint8)

    def add(self, slab: Slab) -> None:
        scores = slab.logits.cpu().numpy()
        coarse = self._decision.coarse(scores)
        self._confidence.add(scores[:, slab.seen :], coarse.winner[slab.seen :])
        voxels, sampling = self._covered.decided_by(slab)
        self._winner[voxels] = winning_class(scores, sampling, coarse, self._decision.pick)

    def channels(self) -> Channels:
        return in_place(self._definition, self._prepared, self._winner)


class _ByWholeVolumes:
    """Channel by channel through nnU-Net's own resampling.

    nnU-Net treats channels one by one, so this gives what resampling all of them before the decision gives.
    """

    def __init__(self, definition: Definition, prepared: Prepared, layout: Layout, confidence: Confidence) -> None:
        self._definition, self._prepared, self._layout, self._confidence = definition, prepared, layout, confidence
        self._decision = decision_of(definition)
        self._logits: torch.Tensor | None = None

    def add(self, slab: Slab) -> None:
        fresh = slab.logits[:, slab.seen :].cpu()
        if self._logits is None:
            shape = (len(fresh), *self._prepared.data.shape[1:])
            outside = torch.tensor(self._decision.outside, dtype=fresh.dtype)
            self._logits = outside[:, None, None, None].expand(shape).clone()
        part, rows, columns = self._layout.box
        first = part.start + slab.first + slab.seen
        self._logits[:, first : first + fresh.shape[1], rows, columns] = fresh
        scores = fresh.numpy()
        self._confidence.add(scores, self._decision.coarse(scores).winner)

    def channels(self) -> Channels:
        configuration, shape = self._definition.configuration, self._prepared.cropped_shape
        found = self._decision.by_channel(shape)
        for channel, one in enumerate(self._logits if self._logits is not None else ()):
            resampled = configuration.resampling_fn_probabilities(
                one[None], shape, configuration.spacing, self._prepared.spacing_mm
            )
            found.add(channel, np.asarray(resampled)[0])
        return in_place(self._definition, self._prepared, found.classes)


def in_place(definition: Definition, prepared: Prepared, winner: Channels) -> Channels:
    """In the uncropped image, axes as they were before nnU-Net's transposition."""
    full = np.zeros(prepared.full_shape, np.uint8)
    full[prepared.box] = winner
    return full.transpose(definition.plans.transpose_backward)
