"""Networks run by OpenVINO: on CPUs two to eight times as fast as PyTorch."""

from math import prod
from pathlib import Path
from typing import Any

import openvino as ov
import torch
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

from pedcontour.bundle.model import ModelBundle
from pedcontour.inference.nnunet_network import Definition, load_network
from pedcontour.inference.nnunet_quiet import quiet
from pedcontour.inference.openvino_cache import cached_network
from pedcontour.inference.place import OnHost
from pedcontour.inference.processor import multiplies_in_bfloat16
from pedcontour.inference.running_memory import Running, tile_bytes
from pedcontour.inference.sliding import TileNetwork

_CPU = torch.device("cpu")


def check_processor() -> None:
    """Raises ``RuntimeError`` where the part of OpenVINO that runs on processors is missing or cannot be loaded."""
    if "CPU" not in ov.Core().available_devices:
        raise RuntimeError("OpenVINO finds no processor")


class OpenVinoNetworks:
    """The networks of one bundle, compiled when they are first asked for.

    ``cache`` is the folder of converted networks, None converts anew each time. ``threads`` are those of the network,
    None takes every core; torch, which only adds and moves, is left one, for two pools of threads would wait for each
    other.

    Raises what ``load_network`` raises when it is converted.
    """

    def __init__(self, bundle: ModelBundle, definition: Definition, cache: Path | None, threads: int | None) -> None:
        self._bundle, self._definition, self._cache = bundle, definition, cache
        self._options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if threads is not None:
            self._options["INFERENCE_NUM_THREADS"] = threads
        torch.set_num_threads(1)
        self.place = OnHost()
        self.given_up: tuple[str, ...] = ()
        self._half = "bf16" if multiplies_in_bfloat16() else "f32"
        self._model: Any = None
        self._compiled: dict[str, _OpenVinoNetwork] = {}

    def name(self, *, half: bool) -> str:
        """What runs: ``openvino-cpu-bf16`` or ``openvino-cpu-fp32``."""
        return "openvino-cpu-bf16" if half and self._half == "bf16" else "openvino-cpu-fp32"

    def network(self, *, half: bool) -> TileNetwork:
        """The network in half precision, where the processor computes in it, or in float32."""
        precision = self._precision(half=half)
        if precision not in self._compiled:
            if self._model is None:
                patch = self._definition.patch_size
                self._model = cached_network(self._cache, self._bundle, patch, self._convert)
            # Without this hint OpenVINO takes bfloat16 by itself wherever the processor has it, also in the exact mode.
            options = self._options | {"INFERENCE_PRECISION_HINT": precision}
            compiled = ov.Core().compile_model(self._model, "CPU", options)
            self._compiled[precision] = _OpenVinoNetwork(compiled, self._definition.channels)
        return self._compiled[precision]

    def memory(self, *, half: bool) -> Running:
        """Its weights as read and as compiled, and a tile's features, for good: in half precision it takes less."""
        if self._precision(half=half) in self._compiled:
            return Running()
        weights = sum((self._bundle.folder / name).stat().st_size for name in self._bundle.weights)
        return Running(kept=2 * weights + tile_bytes(self._definition))

    def smaller(self) -> None:
        """Nothing: a tile takes what it takes."""

    def _precision(self, *, half: bool) -> str:
        return self._half if half else "f32"

    def _convert(self) -> Any:
        definition = self._definition
        return convert(load_network(definition, self._bundle), definition.patch_size, smallest_tile(definition))


def convert(network: torch.nn.Module, patch: tuple[int, int, int], example: tuple[int, int, int]) -> Any:
    """A network as OpenVINO's model for tiles ``(1, 1, *patch)``; ``example`` is a smaller tile that it can run on.

    By OpenVINO's frontend itself: its ``convert_model`` reports every use to its maker.
    """
    with quiet(), torch.inference_mode(mode=False):
        decoder = TorchScriptPythonDecoder(network, example_input=torch.zeros((1, 1, *example)))
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
        model.reshape([1, 1, *patch])
    return model


def smallest_tile(definition: Definition) -> tuple[int, int, int]:
    """Two voxels at the deepest stage along each axis: a normalisation needs more than one."""
    a, b, c = (2 * prod(stride[axis] for stride in definition.strides) for axis in range(3))
    return a, b, c


class _OpenVinoNetwork:
    """A ``TileNetwork``."""

    device = _CPU
    tiles_at_once = 1

    def __init__(self, compiled: Any, channels: int) -> None:
        self._request = compiled.create_infer_request()
        self.channels = channels

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        outputs = self._request.infer({0: tiles.numpy()}, share_inputs=True, share_outputs=True)
        return torch.from_numpy(outputs[0])
