"""Which engine runs a model: the one place that knows them all."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from pedcontour.bundle.model import ModelBundle
from pedcontour.errors import RequestError
from pedcontour.inference.ensemble import as_one
from pedcontour.inference.networks import Networks
from pedcontour.inference.nnunet_engine import NnunetEngine
from pedcontour.inference.nnunet_network import Definition, read_definition
from pedcontour.inference.nnunet_torch import TorchNetworks, find_device
from pedcontour.inference.preferred import Preferred

if TYPE_CHECKING:
    from pedcontour.inference.nnunet_openvino import OpenVinoNetworks

log = logging.getLogger(__name__)

Runtime = Literal["auto", "openvino", "torch"]

TORCH_THREADS = torch.get_num_threads()
"""As torch chose them for this machine, before anything here changed them."""

_Make = Callable[[ModelBundle, Definition], Networks]


@dataclass(frozen=True)
class EngineChoice:
    """What the network runs on.

    ``device`` is what ``find_device`` takes. ``runtime`` ``auto`` takes OpenVINO on a CPU, where it is installed and
    can be loaded, and PyTorch otherwise and for networks that OpenVINO does not take. ``threads`` are the network's,
    None takes every core. ``cache`` is the folder of converted networks, None converts in each process.
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

    def made(make: _Make) -> Networks:
        return as_one([make(fold, definition) for fold in bundle.by_fold()])

    first, *others = _networks(chosen)
    networks = made(first)
    return NnunetEngine(bundle, definition, Preferred(networks, lambda: made(others[0])) if others else networks)


def check_device(choice: EngineChoice) -> None:
    """Raises ``RequestError`` when there is no such device here."""
    find_device(choice.device)


def check_runtime(choice: EngineChoice) -> None:
    """Raises ``RequestError`` when the runtime cannot be loaded here, or not for that device."""
    _networks(choice)


def _networks(choice: EngineChoice) -> list[_Make]:
    """What makes networks, the preferred one first; the next is for a network that it does not take."""
    device = find_device(choice.device)
    if choice.runtime == "openvino" and device.type != "cpu":
        raise RequestError("OpenVINO runs on a CPU; choose auto or torch, or cpu as the device")
    if device.type == "cpu" and choice.runtime != "torch" and (openvino := _openvino(choice.runtime)) is not None:
        threads = choice.threads or TORCH_THREADS  # OpenVINO's networks leave torch a single one
        makes: list[_Make] = [
            lambda bundle, definition: openvino(bundle, definition, choice.cache, choice.threads),
            lambda bundle, definition: TorchNetworks(bundle, definition, device, threads),
        ]
        return makes[:1] if choice.runtime == "openvino" else makes
    return [lambda bundle, definition: TorchNetworks(bundle, definition, device, choice.threads)]


def _openvino(runtime: Runtime) -> "type[OpenVinoNetworks] | None":
    """None where it is not there and need not be."""
    must = runtime == "openvino"
    if find_spec("openvino") is None:
        if must:
            raise RequestError("OpenVINO is not installed; install it, or choose auto or torch")
        return None
    try:
        from pedcontour.inference.nnunet_openvino import OpenVinoNetworks, check_processor

        check_processor()
    except Exception as error:  # a package of which a part is missing or does not fit may raise anything
        broken = type(error).__name__
        if must:
            raise RequestError(f"OpenVINO cannot be loaded: {broken}; install it again, or choose torch") from None
        log.warning("OpenVINO is installed and cannot be loaded (%s): PyTorch runs the network, more slowly", broken)
        return None
    return OpenVinoNetworks
