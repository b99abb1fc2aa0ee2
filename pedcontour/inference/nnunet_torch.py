"""Networks run by PyTorch: the reference on CPUs, and nnU-Net's own way on CUDA devices."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pedcontour.bundle.model import ModelBundle
from pedcontour.errors import RequestError
from pedcontour.inference.nnunet_network import Definition, load_network
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


class TorchNetworks:
    """The network of one bundle on a device.

    ``threads`` sets torch's threads for the whole process, None leaves them. Raises what ``load_network`` raises.
    """

    def __init__(self, bundle: ModelBundle, definition: Definition, device: torch.device, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._device, self._channels = device, definition.channels
        self._module = load_network(definition, bundle).to(device)

    def name(self, *, half: bool) -> str:
        """What runs: ``torch-cpu-fp32``, ``torch-cuda-fp32`` or ``torch-cuda-amp16``."""
        kind = "amp16" if half and self._device.type == "cuda" else "fp32"
        return f"torch-{self._device.type}-{kind}"

    def network(self, *, half: bool) -> TileNetwork:
        """With nnU-Net's mixed precision on CUDA, or in float32; CPUs compute in float32."""
        return _TorchNetwork(self._module, self._device, self._channels, half and self._device.type == "cuda")


class _TorchNetwork:
    """A ``TileNetwork``."""

    def __init__(self, module: torch.nn.Module, device: torch.device, channels: int, mixed: bool) -> None:
        self._module, self._mixed = module, mixed
        self.device, self.channels = device, channels
        self.tiles_at_once = CUDA_TILES_AT_ONCE if device.type == "cuda" else 1

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
