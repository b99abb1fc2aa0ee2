"""From finished logits to labels on a device: nothing but a byte a voxel comes back to the processor."""

import torch

from pedcontour.inference.confidence import Confidence
from pedcontour.inference.covered import Covered
from pedcontour.inference.device_confidence import sums_on_device
from pedcontour.inference.device_winner import winning_class_on_device
from pedcontour.inference.labelling import Channels, Labelling, in_place, labelling_for, linear_sampling
from pedcontour.inference.layout import Layout
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import Prepared
from pedcontour.inference.sliding import Slab


def labelling_on_device(
    definition: Definition, prepared: Prepared, layout: Layout, confidence: Confidence, device: torch.device
) -> Labelling:
    """As ``labelling_for``; logits that are not resampled linearly, and regions, are labelled on the processor."""
    sampling = linear_sampling(definition, prepared)
    if sampling is None or definition.labels.has_regions:
        return labelling_for(definition, prepared, layout, confidence)
    return _OnDevice(definition, prepared, Covered.by(layout, sampling), confidence, device)


class _OnDevice:
    """A ``Labelling``."""

    def __init__(
        self, definition: Definition, prepared: Prepared, covered: Covered, confidence: Confidence, device: torch.device
    ) -> None:
        self._definition, self._prepared, self._covered, self._confidence = definition, prepared, covered, confidence
        self._winner = torch.zeros(prepared.cropped_shape, dtype=torch.uint8, device=device)

    def add(self, slab: Slab) -> None:
        fresh = slab.logits[:, slab.seen :]
        self._confidence.add_sums(sums_on_device(fresh, self._confidence.label_of_channel))
        voxels, sampling = self._covered.decided_by(slab)
        self._winner[voxels] = winning_class_on_device(slab.logits, sampling)

    def channels(self) -> Channels:
        return in_place(self._definition, self._prepared, self._winner.cpu().numpy())
