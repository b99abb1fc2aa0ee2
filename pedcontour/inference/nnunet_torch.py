"""The reference engine: PyTorch, on the CPU in float32 or on a CUDA device as nnU-Net runs there."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

import numpy as np
import torch

from pedcontour.bundle.axes import canonical_to
from pedcontour.bundle.model import ModelBundle
from pedcontour.errors import RequestError
from pedcontour.inference.device_errors import device_errors
from pedcontour.inference.nnunet_network import load_network, read_definition
from pedcontour.inference.nnunet_steps import Certainty, channel_certainty, label_channels, prepare, run_tiles
from pedcontour.inference.port import Prediction, Progress
from pedcontour.orientation import AxisChange
from pedcontour.volume import LabelMap, Volume

PREPARED_SHARE = 0.05
NETWORK_SHARE = 0.75
"""Progress: the share done after preprocessing and after the network; the labels take what is left. A guess."""


def find_device(name: str) -> torch.device:
    """The device of a name: ``auto`` (CUDA if there is one, else the CPU), ``cpu``, ``cuda``, or ``cuda:1`` and so on.

    Raises ``RequestError`` when there is no such device.
    """
    found = re.fullmatch(r"auto|cpu|cuda(?::([0-9]{1,2}))?", name)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    is_there = found is not None and (name == "cpu" or int(found[1] or 0) < torch.cuda.device_count())
    if not is_there or (name != "cpu" and not torch.cuda.is_available()):
        raise RequestError(f"there is no device {name[:32]!r} here; choose auto, cpu, cuda or cuda:<number>")
    return torch.device(name)


class TorchEngine:
    """An ``Engine`` (``pedcontour/inference/port.py``): equal to stock ``nnUNetv2_predict --disable_tta``.

    ``device`` is what ``find_device`` takes; ``threads`` sets torch's threads
    for the whole process, None leaves them. One volume at a time: it is not for several threads at once.

    Raises ``ModelChecksumError``, ``ModelUnsafeError`` or ``ModelError`` when the bundle cannot be used,
    ``RequestError`` when there is no such device.
    """

    def __init__(self, bundle: ModelBundle, *, device: str = "auto", threads: int | None = None) -> None:
        self._device = find_device(device)
        if threads is not None:
            torch.set_num_threads(threads)
        self._bundle = bundle
        self._definition = read_definition(bundle.plans, bundle.dataset, bundle.configuration)
        self._network = load_network(self._definition, bundle).to(self._device)
        self._from_canonical = canonical_to(bundle.axes)

    @property
    def model_id(self) -> str:
        """The id of the bundle."""
        return self._bundle.id

    @property
    def organs(self) -> Mapping[int, str]:
        """Label to organ id, as the bundle says."""
        return self._bundle.organs

    @property
    def name(self) -> str:
        """What runs: the device and its arithmetic."""
        return "torch-cpu-fp32" if self._device.type == "cpu" else "torch-cuda-amp16"

    def warm_up(self) -> None:
        """Run one empty tile, so that the first patient does not wait for torch to get ready."""
        with device_errors(), self._inference():
            self._network(torch.zeros((1, 1, *self._definition.patch_size), device=self._device))

    def segment(self, image: Volume, progress: Progress) -> Prediction:
        """Label a CT in Hounsfield units; see ``Engine.segment``.

        Raises ``OutOfMemoryError``; ``DeviceFailedError`` after which this process cannot use the card any more.
        """
        with device_errors():
            return self._segment(image, progress)

    def _segment(self, image: Volume, progress: Progress) -> Prediction:
        started = perf_counter()
        progress(0.0)
        to_network = [AxisChange.to_canonical(image.grid), self._from_canonical]
        turned = image
        for change in to_network:
            turned = change.volume(turned)
        prepared = prepare(self._definition, turned.voxels, turned.grid.spacing_mm)
        prepared_at = perf_counter()
        progress(PREPARED_SHARE)
        with self._inference():
            logits = run_tiles(
                self._definition,
                self._network,
                prepared.data,
                self._device,
                _part(progress, PREPARED_SHARE, NETWORK_SHARE),
            )
        network_at = perf_counter()
        channels = label_channels(self._definition, logits, prepared, _part(progress, NETWORK_SHARE, 1.0))
        labels = np.array(self._bundle.label_of_channel, np.uint8)[channels]
        for change in reversed(to_network):
            labels = change.inverse.array(labels)
        result = LabelMap(image.grid, np.ascontiguousarray(labels), self.organs)
        certainty = self._certainty(logits, result)
        return Prediction(
            labels=result,
            confidence={organ: sure.mean for organ, sure in certainty.items()},
            spread={organ: sure.spread for organ, sure in certainty.items()},
            engine=self.name,
            timings_s={
                "prepare": prepared_at - started,
                "network": network_at - prepared_at,
                "labels": perf_counter() - network_at,
            },
            device=str(self._device),
        )

    def _certainty(self, logits: torch.Tensor, result: LabelMap) -> dict[str, Certainty]:
        """By organ, for those with a voxel; one too small for the network's grid has the confidence 0."""
        by_label = channel_certainty(logits, self._bundle.label_of_channel)
        drawn = np.bincount(result.voxels.ravel(), minlength=256)
        return {organ: by_label.get(label, Certainty(0.0, 0.0)) for label, organ in self.organs.items() if drawn[label]}

    @contextmanager
    def _inference(self) -> Iterator[None]:
        """No gradients; on CUDA nnU-Net's mixed precision, with algorithms that give the same answer every time."""
        cuda = self._device.type == "cuda"
        with (
            torch.inference_mode(),
            torch.autocast("cuda", enabled=cuda),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
        ):
            yield


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Progress of one stage, told as its part of the whole."""
    return lambda share: progress(start + (end - start) * share)
