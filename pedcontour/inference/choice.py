"""Which engine runs a model: the one place that knows them all."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pedcontour.bundle.model import ModelBundle
from pedcontour.errors import RequestError
from pedcontour.inference.ensemble import as_one
from pedcontour.inference.networks import Networks
from pedcontour.inference.nnunet_engine import NnunetEngine
from pedcontour.inference.nnunet_network import Definition, read_definition
from pedcontour.inference.nnunet_torch import TorchNetworks, find_device

Runtime = Literal["auto", "openvino", "torch"]


@dataclass(frozen=True)
class EngineChoice:
    """What the network runs on.

    ``device`` is what ``find_device`` takes. ``runtime`` ``auto`` takes OpenVINO on a CPU, where it is installed, and
    PyTorch otherwise. ``threads`` are the network's, None takes every core. ``cache`` is the folder of converted
    networks, None converts in each process.
    """

    device: str = "auto"
    runtime: Runtime = "auto"
    threads: int | None = None
    cache: Path | None = None


def load_engine(bundle: ModelBundle, choice: EngineChoice | None = None) -> NnunetEngine:
    """The engine for a model.

    Raises ``RequestError`` when there is no such device or runtime here; ``ModelChecksumError``,
    ``ModelUnsafeError`` or ``ModelError`` when the bundle cannot be used.
    """
    chosen = choice or EngineChoice()
    definition = read_definition(bundle.plans, bundle.dataset, bundle.configuration)
    make = _networks(chosen)
    networks = as_one([make(fold, definition) for fold in bundle.by_fold()])
    return NnunetEngine(bundle, definition, networks)


def check_choice(choice: EngineChoice) -> None:
    """Raises ``RequestError`` when there is no such device or runtime here."""
    _networks(choice)


def _networks(choice: EngineChoice) -> Callable[[ModelBundle, Definition], Networks]:
    device = find_device(choice.device)
    installed = find_spec("openvino") is not None
    if choice.runtime == "openvino" and (not installed or device.type != "cpu"):
        raise RequestError("OpenVINO runs on a CPU and has to be installed; choose auto or torch")
    if device.type != "cpu" or choice.runtime == "torch" or not installed:
        return lambda bundle, definition: TorchNetworks(bundle, definition, device, choice.threads)

    from pedcontour.inference.nnunet_openvino import OpenVinoNetworks

    return lambda bundle, definition: OpenVinoNetworks(bundle, definition, choice.cache, choice.threads)
