"""Networks run by PyTorch: the reference on CPUs, and nnU-Net's own way on CUDA devices."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass

import torch

from pedcontour.bundle.model import ModelBundle
from pedcontour.errors import RequestError
from pedcontour.inference.cuda_graph import CudaRecorder, Recorded, Recorder
from pedcontour.inference.device_errors import device_errors
from pedcontour.inference.device_place import OnDevice
from pedcontour.inference.nnunet_network import Definition, load_network
from pedcontour.inference.place import OnHost, Place
from pedcontour.inference.running_memory import Running, tile_bytes
from pedcontour.inference.sliding import TileNetwork

CUDA_TILES_AT_ONCE = 2
"""A GPU is busier with two tiles than with one; more gain little on most cards and take memory."""


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


@dataclass(frozen=True)
class DeviceUse:
    """How a device is used: where the arrays around the network live, and how tiles are run.

    ``record`` is what records the network's kernels; None runs them one by one.
    """

    place: Place
    tiles_at_once: int
    record: Recorder | None

    @classmethod
    def of(cls, device: torch.device) -> "DeviceUse":
        """What suits a device: everything on a card, and of a processor no more than its network."""
        if device.type == "cpu":
            return cls(OnHost(), 1, None)
        return cls(OnDevice(device), CUDA_TILES_AT_ONCE, CudaRecorder(device))


class TorchNetworks:
    """The network of one bundle on a device.

    ``threads`` sets torch's threads for the whole process, None leaves them. ``use`` None takes what suits the device.
    Raises what ``load_network`` raises.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        definition: Definition,
        device: torch.device,
        threads: int | None,
        use: DeviceUse | None = None,
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._definition, self._device = definition, device
        self._use = use or DeviceUse.of(device)
        self._module = load_network(definition, bundle)  # put on the device when it is first asked for
        self._ready: dict[bool, TileNetwork] = {}

    @property
    def place(self) -> Place:
        """Where the arrays around the network live."""
        return self._use.place

    def name(self, *, half: bool) -> str:
        """What runs: ``torch-cpu-fp32``, ``torch-cuda-fp32`` or ``torch-cuda-amp16``."""
        kind = "amp16" if half and self._device.type == "cuda" else "fp32"
        return f"torch-{self._device.type}-{kind}"

    def network(self, *, half: bool) -> TileNetwork:
        """With nnU-Net's mixed precision on CUDA, or in float32; CPUs compute in float32.

        Raises ``OutOfMemoryError`` where the device has no room for its weights, and ``DeviceFailedError``.
        """
        mixed = half and self._device.type == "cuda"
        if mixed not in self._ready:
            tiles_at_once, record = self._use.tiles_at_once, self._use.record
            with device_errors():
                self._module.to(self._device)
            plain = _TorchNetwork(self._module, self._device, self._definition.channels, mixed, tiles_at_once)
            self._ready[mixed] = plain if record is None else Recorded(plain, record)
        return self._ready[mixed]

    def memory(self, *, half: bool) -> Running:
        """A tile's features, in float32 in any case; what a card takes is not the machine's."""
        on_host = isinstance(self._use.place, OnHost)
        return Running(passing=tile_bytes(self._definition)) if on_host else Running()

    @property
    def given_up(self) -> tuple[str, ...]:
        """Whether kernels could not be recorded."""
        failed = any(isinstance(network, Recorded) and network.failed for network in self._ready.values())
        return ("the graphics card could not record the network's kernels: they ran one by one",) if failed else ()

    def smaller(self) -> "tuple[TorchNetworks, str] | None":
        """On a card one tile at once and nothing recorded, and after that the CPU, for this one image.

        Its weights leave the card for that long: the next image brings them back, if there is room.
        """
        if isinstance(self._use.place, OnHost):
            return None
        self._ready.clear()  # recordings keep memory; the next image records anew
        if self._use.tiles_at_once > 1:
            fewer = DeviceUse(self._use.place, 1, None)
            return self._otherwise(self._device, fewer), "the graphics card's memory ran out: one tile at once"
        cpu = torch.device("cpu")
        on_cpu = self._otherwise(cpu, DeviceUse.of(cpu))
        return on_cpu, "the graphics card's memory ran out: the network ran on the CPU"

    def _otherwise(self, device: torch.device, use: DeviceUse) -> "TorchNetworks":
        """The same weights, used otherwise: only one of the two at a time."""
        other = copy(self)
        other._device, other._use, other._ready = device, use, {}
        return other


class _TorchNetwork:
    """A ``TileNetwork``."""

    def __init__(
        self, module: torch.nn.Module, device: torch.device, channels: int, mixed: bool, tiles_at_once: int
    ) -> None:
        self._module, self._mixed = module, mixed
        self.device, self.channels, self.tiles_at_once = device, channels, tiles_at_once

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        with self._inference():
            logits: torch.Tensor = self._module(tiles)
        return logits

    @contextmanager
    def _inference(self) -> Iterator[None]:
        """No gradients; algorithms that give the same answer every time, and in float32 no shorter products."""
        with (
            torch.inference_mode(),
            torch.autocast("cuda", enabled=self._mixed),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=self._mixed),
        ):
            yield
