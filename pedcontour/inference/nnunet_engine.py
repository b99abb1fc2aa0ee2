"""An nnU-Net as an ``Engine``: prepare, slide, label, whatever runs the network."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Protocol, TypeVar

import numpy as np
import torch

from pedcontour.bundle.axes import canonical_to
from pedcontour.bundle.model import ModelBundle
from pedcontour.inference.confidence import Confidence
from pedcontour.inference.device_errors import device_errors
from pedcontour.inference.labelling import labelling_for
from pedcontour.inference.layout import Layout, lay_tiles
from pedcontour.inference.mirroring import Mirrored
from pedcontour.inference.modes import DEFAULT_MODE, Mode, Quality, quality_of
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import Prepared, prepare
from pedcontour.inference.port import Prediction, Progress
from pedcontour.inference.sliding import TileNetwork, finished_slabs
from pedcontour.orientation import AxisChange
from pedcontour.volume import LabelMap, Volume

PREPARED_SHARE = 0.03
"""Progress: the share done after preprocessing; the tiles take the rest. Measured on two cores."""

_Item = TypeVar("_Item")


class Networks(Protocol):
    """One bundle's network, ready in one or two precisions."""

    def name(self, *, half: bool) -> str:
        """What runs, as the report says it."""
        ...

    def network(self, *, half: bool) -> TileNetwork:
        """The network in half precision, where that is fast here, or in float32. Loaded once."""
        ...


class NnunetEngine:
    """An ``Engine`` (``pedcontour/inference/port.py``) for one volume at a time: not for several threads at once."""

    def __init__(self, bundle: ModelBundle, definition: Definition, networks: Networks) -> None:
        self._bundle, self._definition, self._networks = bundle, definition, networks
        self._from_canonical = canonical_to(bundle.axes)

    @property
    def model_id(self) -> str:
        """The id of the bundle."""
        return self._bundle.id

    @property
    def organs(self) -> Mapping[int, str]:
        """Label to organ id, as the bundle says."""
        return self._bundle.organs

    def warm_up(self) -> None:
        """Run one empty tile in the default mode, so that the first patient does not wait for the network."""
        quality = quality_of(DEFAULT_MODE, self._bundle.mirroring_axes)
        with device_errors():
            network = self._networks.network(half=quality.half_network)
            network(torch.zeros((1, 1, *self._definition.patch_size), device=network.device))

    def segment(self, image: Volume, progress: Progress, mode: Mode = DEFAULT_MODE) -> Prediction:
        """Label a CT in Hounsfield units; see ``Engine.segment``.

        Raises ``ModeUnavailableError``; ``OutOfMemoryError``; ``DeviceFailedError`` after which this process cannot use
        the card any more.
        """
        quality = quality_of(mode, self._bundle.mirroring_axes)
        with device_errors():
            return self._segment(image, progress, quality)

    def _segment(self, image: Volume, progress: Progress, quality: Quality) -> Prediction:
        watch = _Watch()
        progress(0.0)
        to_network = [AxisChange.to_canonical(image.grid), self._from_canonical]
        turned = image
        for change in to_network:
            turned = change.volume(turned)
        with watch.timing("prepare"):
            prepared = prepare(self._definition, turned.voxels, turned.grid.spacing_mm, look_for_body=quality.skip_air)
            layout = self._layout(prepared, quality)
        progress(PREPARED_SHARE)
        confidence = Confidence(self._bundle.label_of_channel)
        labelling = labelling_for(self._definition, prepared, layout, confidence)
        sums = torch.half if quality.half_sums else torch.float32
        slabs = finished_slabs(self._tile_network(quality), prepared.data, layout, sums, _after_preparing(progress))
        for slab in watch.timing_each("network", slabs):
            with watch.timing("labels"):
                labelling.add(slab)
        with watch.timing("labels"):
            labels = np.array(self._bundle.label_of_channel, np.uint8)[labelling.channels()]
            for change in reversed(to_network):
                labels = change.inverse.array(labels)
            result = LabelMap(image.grid, np.ascontiguousarray(labels), self.organs)
        progress(1.0)
        return Prediction(
            labels=result,
            confidence=self._by_organ(confidence, result),
            engine=self._networks.name(half=quality.half_network),
            timings_s=watch.seconds,
            device=str(self._tile_network(quality).device),
            mode=quality.mode,
            tiles_run=layout.run,
            tiles_skipped=layout.skipped,
        )

    def _layout(self, prepared: Prepared, quality: Quality) -> Layout:
        a, b, c = prepared.data.shape[1:]
        shape, patch = (a, b, c), self._definition.patch_size
        return lay_tiles(shape, patch, quality.tile_step, prepared.body, around_body=quality.body_only)

    def _tile_network(self, quality: Quality) -> TileNetwork:
        network = self._networks.network(half=quality.half_network)
        return Mirrored(network, self._bundle.mirroring_axes) if quality.mirrored else network

    def _by_organ(self, confidence: Confidence, result: LabelMap) -> dict[str, float]:
        """For organs with a voxel; one too small for the network's grid has the confidence 0."""
        by_label = confidence.by_label()
        drawn = np.bincount(result.voxels.ravel(), minlength=256)
        return {organ: by_label.get(label, 0.0) for label, organ in self.organs.items() if drawn[label]}


def _after_preparing(progress: Progress) -> Progress:
    """Progress of the tiles, told as its part of the whole."""
    return lambda share: progress(PREPARED_SHARE + (1.0 - PREPARED_SHARE) * share)


class _Watch:
    """Adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + perf_counter() - started

    def timing_each(self, stage: str, items: Iterator[_Item]) -> Iterator[_Item]:
        """Count what it takes to make each item, and not what is done with it."""
        while True:
            with self.timing(stage):
                item = next(items, None)
            if item is None:
                return
            yield item
