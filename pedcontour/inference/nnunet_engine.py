"""An nnU-Net as an ``Engine``: prepare, slide, label, whatever runs the network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod

import numpy as np
import torch

from pedcontour.bundle.axes import canonical_to
from pedcontour.bundle.model import ModelBundle
from pedcontour.errors import MemoryTooSmallError, OutOfMemoryError
from pedcontour.inference.confidence import Certainty, Confidence
from pedcontour.inference.decision import decision_of
from pedcontour.inference.fold_mean import MeanNetwork, mean_of_slabs, shared_progress
from pedcontour.inference.labelling import Channels, needs_whole_volumes
from pedcontour.inference.layout import Layout, lay_tiles
from pedcontour.inference.memory import Need
from pedcontour.inference.mirroring import Mirrored
from pedcontour.inference.modes import DEFAULT_MODE, Mode, Quality, quality_of
from pedcontour.inference.networks import Networks, where_memory_is_enough
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import Prepared, network_shape
from pedcontour.inference.port import Prediction, Progress
from pedcontour.inference.sliding import Slab, TileNetwork, finished_slabs, padded
from pedcontour.inference.watch import PREPARED_SHARE, RisingProgress, StageWatch
from pedcontour.orientation import AxisChange
from pedcontour.volume import Grid, LabelMap, Volume


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
        """Draw a tiny image of nothing in the default mode, so that the first patient does not wait for the network.

        Where the memory is not enough now it goes on with less, as ``segment`` does, and where nothing less is left it
        ends: it may be enough when an image comes. Raises ``DeviceFailedError``.
        """
        with suppress(OutOfMemoryError, MemoryTooSmallError):
            where_memory_is_enough(self._networks, self._fill)
            self.segment(_nothing(self._definition), lambda _: None)

    def _fill(self, networks: Networks) -> None:
        """Run as many tiles as go at once, which the tiny image does not fill."""
        network = networks.network(half=quality_of(DEFAULT_MODE, self._bundle.mirroring_axes).half_network)
        if network.tiles_at_once > 1:
            network(torch.zeros((network.tiles_at_once, 1, *self._definition.patch_size), device=network.device))

    def memory_bytes(self, image: Volume, mode: Mode = DEFAULT_MODE) -> int:
        """From shapes alone; see ``Engine.memory_bytes``."""
        quality = quality_of(mode, self._bundle.mirroring_axes)
        return self._networks.place.memory_bytes(
            self._need(self._networks, _turned(image, self._turns(image)), quality)
        )

    def segment(self, image: Volume, progress: Progress, mode: Mode = DEFAULT_MODE) -> Prediction:
        """Label a CT in Hounsfield units; see ``Engine.segment``.

        Where a card's memory runs out it goes on with less, and says so in ``fallbacks``. Raises
        ``ModeUnavailableError``; ``MemoryTooSmallError`` before any work; ``OutOfMemoryError``; ``DeviceFailedError``
        after which this process cannot use the card any more.
        """
        quality = quality_of(mode, self._bundle.mirroring_axes)
        turns = self._turns(image)
        turned = _turned(image, turns)
        watch = StageWatch()
        job = _Job(turned, quality, watch, RisingProgress(progress))
        run, fallbacks = where_memory_is_enough(self._networks, lambda networks: self._run(networks, job))
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
            tiles_run=run.layout.run,
            tiles_skipped=run.layout.skipped,
            fallbacks=(*fallbacks, *run.networks.given_up),
        )

    def _run(self, networks: Networks, job: "_Job") -> "_Run":
        place, quality, grid = networks.place, job.quality, job.turned.grid
        place.check_memory(self._need(networks, job.turned, quality))
        job.progress(0.0)
        with job.watch.timing("prepare"):
            prepared = place.prepare(
                self._definition, job.turned.voxels, grid.spacing_mm, look_for_body=quality.skip_air
            )
            layout = self._layout(prepared, quality)
        job.progress(PREPARED_SHARE)
        with job.watch.timing("load"):
            network = networks.network(half=quality.half_network)
        if quality.mirrored:
            network = Mirrored(network, self._bundle.mirroring_axes)
        decision = decision_of(self._definition)
        confidence = Confidence(self._bundle.label_of_channel, decision)
        labelling = place.labelling(self._definition, prepared, layout, confidence)
        slabs = _slabs(network, _Slid(prepared, layout, quality, job.progress.of_tiles), decision.outside)
        for slab in job.watch.timing_each("network", slabs):
            with job.watch.timing("labels"):
                labelling.add(slab)
        return _Run(labelling.channels(), confidence, layout, networks)

    def _turns(self, image: Volume) -> list[AxisChange]:
        return [AxisChange.to_canonical(image.grid), self._from_canonical]

    def _need(self, networks: Networks, turned: Volume, quality: Quality) -> Need:
        order = self._definition.plans.transpose_forward
        image = tuple(turned.grid.shape[axis] for axis in order)
        spacing_mm = tuple(turned.grid.spacing_mm[axis] for axis in order)
        patch = self._definition.patch_size
        grid = network_shape(self._definition, image, spacing_mm)
        folds = len(self._bundle.weights)
        running = networks.memory(half=quality.half_network)
        return Need(
            image=image,
            network_grid=tuple(max(n, p) for n, p in zip(grid, patch, strict=True)),
            depth=patch[0],
            channels=self._definition.channels,
            score_bytes=_sums(quality).itemsize,
            whole_volumes=needs_whole_volumes(self._definition, spacing_mm),
            averaged=_means(quality, folds) * prod(patch),
            windows=folds + 1 if folds > 1 and quality.half_sums else 1,
            network_bytes=running.kept + running.passing,
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


def _turned(image: Volume, turns: Sequence[AxisChange]) -> Volume:
    for turn in turns:
        image = turn.volume(image)
    return image


def _sums(quality: Quality) -> torch.dtype:
    return torch.half if quality.half_sums else torch.float32


def _means(quality: Quality, folds: int) -> int:
    """How many times a tile's scores are held for means: a sum and an image turned back, a sum over folds."""
    return (2 if quality.mirrored else 0) + (1 if folds > 1 and not quality.half_sums else 0)


def _slabs(network: TileNetwork, slid: "_Slid", outside: Sequence[float]) -> Iterator[Slab]:
    """Where sums are rounded as stock rounds them, each fold's by itself."""
    folds = network.folds if isinstance(network, MeanNetwork) and slid.quality.half_sums else [network]
    image = padded(slid.prepared.data, slid.layout, network.device)
    slabs = [
        finished_slabs(fold, image, slid.layout, _sums(slid.quality), progress, outside)
        for fold, progress in zip(folds, shared_progress(slid.progress, len(folds)), strict=True)
    ]
    return mean_of_slabs(slabs) if len(slabs) > 1 else slabs[0]


def _nothing(definition: Definition) -> Volume:
    """A few voxels, twice as far apart as the network's own, so that they are resampled too."""
    spacing_mm = 2.0 * max(definition.configuration.spacing)
    return Volume(Grid((8, 8, 8), np.diag([spacing_mm] * 3 + [1.0])), np.zeros((8, 8, 8), np.int16))


@dataclass(frozen=True)
class _Job:
    """What is to be run."""

    turned: Volume
    quality: Quality
    watch: StageWatch
    progress: RisingProgress


@dataclass(frozen=True)
class _Slid:
    """What the network slides over, and how."""

    prepared: Prepared
    layout: Layout
    quality: Quality
    progress: Callable[[float], None]


@dataclass(frozen=True)
class _Run:
    """The class of every voxel, how sure the network is of it, and what ran in the end."""

    channels: Channels
    confidence: Confidence
    layout: Layout
    networks: Networks
