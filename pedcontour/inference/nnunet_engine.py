"""An nnU-Net as an ``Engine``: prepare, slide, label, whatever runs the network."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol, TypeVar

import numpy as np
import torch

from pedcontour.bundle.axes import canonical_to
from pedcontour.bundle.model import ModelBundle
from pedcontour.errors import OutOfMemoryError
from pedcontour.inference.confidence import Certainty, Confidence
from pedcontour.inference.device_errors import device_errors
from pedcontour.inference.labelling import Channels, labelling_for, needs_whole_volumes
from pedcontour.inference.layout import Layout, lay_tiles
from pedcontour.inference.memory import Need, check_memory, memory_left_bytes, peak_resident_bytes
from pedcontour.inference.mirroring import Mirrored
from pedcontour.inference.modes import DEFAULT_MODE, Mode, Quality, quality_of
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import Prepared, network_shape, prepare
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

    def smaller(self) -> "tuple[Networks, str] | None":
        """What to run instead where the memory was not enough, and a sentence about it; None where that is all."""
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

        Where a card's memory runs out it goes on with less, and says so in ``fallbacks``. Raises
        ``ModeUnavailableError``; ``MemoryTooSmallError`` before any work; ``OutOfMemoryError``; ``DeviceFailedError``
        after which this process cannot use the card any more.
        """
        quality = quality_of(mode, self._bundle.mirroring_axes)
        turns = [AxisChange.to_canonical(image.grid), self._from_canonical]
        turned = image
        for turn in turns:
            turned = turn.volume(turned)
        check_memory(self._need(turned, quality), memory_left_bytes())
        progress(0.0)
        watch = _Watch()
        with watch.timing("prepare"):
            prepared = prepare(self._definition, turned.voxels, turned.grid.spacing_mm, look_for_body=quality.skip_air)
            layout = self._layout(prepared, quality)
        progress(PREPARED_SHARE)
        job = _Job(prepared, layout, quality, watch, _Rising(progress))
        run = self._run_where_memory_is_enough(job)
        with watch.timing("labels"):
            labels = np.array(self._bundle.label_of_channel, np.uint8)[run.channels]
            for turn in reversed(turns):
                labels = turn.inverse.array(labels)
            result = LabelMap(image.grid, np.ascontiguousarray(labels), self.organs)
        progress(1.0)
        certainty = self._by_organ(run.confidence, result)
        return Prediction(
            labels=result,
            confidence={organ: sure.mean for organ, sure in certainty.items()},
            spread={organ: sure.spread for organ, sure in certainty.items()},
            firm={organ: sure.firm for organ, sure in certainty.items()},
            engine=run.networks.name(half=quality.half_network),
            timings_s=watch.seconds,
            device=str(run.networks.network(half=quality.half_network).device),
            mode=quality.mode,
            tiles_run=layout.run,
            tiles_skipped=layout.skipped,
            fallbacks=run.fallbacks,
            peak_memory_bytes=peak_resident_bytes(),
        )

    def _run_where_memory_is_enough(self, job: "_Job") -> "_Run":
        networks = self._networks
        fallbacks: tuple[str, ...] = ()
        while True:
            try:
                with device_errors():
                    channels, confidence = self._run(networks, job)
                return _Run(channels, confidence, networks, fallbacks)
            except OutOfMemoryError:
                if (smaller := networks.smaller()) is None:
                    raise
            networks, said = smaller
            fallbacks += (said,)

    def _run(self, networks: Networks, job: "_Job") -> tuple[Channels, Confidence]:
        network = networks.network(half=job.quality.half_network)
        if job.quality.mirrored:
            network = Mirrored(network, self._bundle.mirroring_axes)
        confidence = Confidence(self._bundle.label_of_channel)
        labelling = labelling_for(self._definition, job.prepared, job.layout, confidence)
        slabs = finished_slabs(network, job.prepared.data, job.layout, _sums(job.quality), job.progress)
        for slab in job.watch.timing_each("network", slabs):
            with job.watch.timing("labels"):
                labelling.add(slab)
        return labelling.channels(), confidence

    def _need(self, turned: Volume, quality: Quality) -> Need:
        order = self._definition.plans.transpose_forward
        image = tuple(turned.grid.shape[axis] for axis in order)
        spacing_mm = tuple(turned.grid.spacing_mm[axis] for axis in order)
        patch = self._definition.patch_size
        grid = network_shape(self._definition, image, spacing_mm)
        return Need(
            image=image,
            network_grid=tuple(max(n, p) for n, p in zip(grid, patch, strict=True)),
            depth=patch[0],
            channels=self._definition.channels,
            score_bytes=_sums(quality).itemsize,
            whole_volumes=needs_whole_volumes(self._definition, spacing_mm),
        )

    def _layout(self, prepared: Prepared, quality: Quality) -> Layout:
        a, b, c = prepared.data.shape[1:]
        shape, patch = (a, b, c), self._definition.patch_size
        return lay_tiles(shape, patch, quality.tile_step, prepared.body, around_body=quality.body_only)

    def _by_organ(self, confidence: Confidence, result: LabelMap) -> dict[str, Certainty]:
        """For organs with a voxel; one too small for the network's grid has the confidence 0."""
        by_label = confidence.by_label()
        drawn = np.zeros(256, np.int64)
        for plane in result.voxels:  # one by one: counting takes eight bytes a voxel
            drawn += np.bincount(plane.ravel(), minlength=256)
        unknown = Certainty(0.0, 0.0)
        return {organ: by_label.get(label, unknown) for label, organ in self.organs.items() if drawn[label]}


def _sums(quality: Quality) -> torch.dtype:
    return torch.half if quality.half_sums else torch.float32


class _Rising:
    """Progress of the tiles as its part of the whole; after a new start nothing is told until it rises again."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._told = progress, PREPARED_SHARE

    def __call__(self, share: float) -> None:
        whole = PREPARED_SHARE + (1.0 - PREPARED_SHARE) * share
        if whole > self._told:
            self._told = whole
            self._progress(whole)


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


@dataclass(frozen=True)
class _Job:
    """What is to be run."""

    prepared: Prepared
    layout: Layout
    quality: Quality
    watch: _Watch
    progress: Progress


@dataclass(frozen=True)
class _Run:
    """The winning channel of every voxel, how sure the network is of it, what ran in the end, and what did not."""

    channels: Channels
    confidence: Confidence
    networks: Networks
    fallbacks: tuple[str, ...]
