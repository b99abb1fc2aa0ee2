"""A network as nnU-Net's plans define it, and its weights as plain tensors."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors

from pedcontour.bundle.model import ModelBundle
from pedcontour.bundle.plans import check_plans
from pedcontour.errors import ModelError
from pedcontour.inference.nnunet_quiet import quiet

with quiet():
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

IMAGE_CHANNELS = 1
"""A CT; ``check_plans`` refuses everything else."""


@dataclass(frozen=True)
class Definition:
    """nnU-Net's own objects for one configuration: managers of plans, configuration and labels, a preprocessor."""

    plans: Any
    configuration: Any
    labels: Any
    preprocessor: Any

    @property
    def patch_size(self) -> tuple[int, int, int]:
        """Voxels of one tile along the network's axes."""
        a, b, c = (int(n) for n in self.configuration.patch_size)
        return a, b, c

    @property
    def channels(self) -> int:
        """Output channels: background and every label, or every region."""
        return int(self.labels.num_segmentation_heads)

    @property
    def strides(self) -> list[list[int]]:
        """By how much each stage of the network is coarser than the one before, along each axis."""
        strides = self.configuration.network_arch_init_kwargs["strides"]
        return [list(stride) if isinstance(stride, list | tuple) else [stride] * 3 for stride in strides]

    @property
    def features(self) -> list[int]:
        """Channels of each stage of the network."""
        features = self.configuration.network_arch_init_kwargs["features_per_stage"]
        return list(features) if isinstance(features, list | tuple) else [features] * len(self.strides)


def read_definition(plans: Mapping[str, Any], dataset: Mapping[str, Any], configuration: str) -> Definition:
    """Check the plans, then hand them to nnU-Net; raises ``ModelUnsafeError`` or ``ModelError`` before it sees them."""
    check_plans(plans, configuration)
    with quiet():
        manager = PlansManager(deepcopy(dict(plans)))
        chosen = manager.get_configuration(configuration)
        labels = manager.get_label_manager(dict(dataset))
        return Definition(manager, chosen, labels, chosen.preprocessor_class(verbose=False))


def build_network(definition: Definition) -> torch.nn.Module:
    """The network without weights (on torch's ``meta`` device, so that plans cannot ask for memory).

    Raises ``ModelError`` when nnU-Net cannot build it.
    """
    configuration = definition.configuration
    try:
        with quiet(), torch.device("meta"):
            network: torch.nn.Module = get_network_from_plans(
                configuration.network_arch_class_name,
                configuration.network_arch_init_kwargs,
                configuration.network_arch_init_kwargs_req_import,
                IMAGE_CHANNELS,
                definition.channels,
                allow_init=False,
                deep_supervision=False,
            )
    except Exception as error:  # whatever the constructor of a network trips over in a foreign plans file
        raise ModelError(f"nnU-Net cannot build the network of plans.json: {type(error).__name__}") from error
    return network


def shared_names(network: torch.nn.Module) -> dict[str, str]:
    """Each name in the network's state to the first name of the same tensor.

    nnU-Net registers modules twice (a decoder holds its encoder), so its checkpoints name most tensors several times.
    """
    first: dict[int, str] = {}
    return {name: first.setdefault(id(tensor), name) for name, tensor in network.state_dict(keep_vars=True).items()}


def distinct_tensors(network: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint's state, each once, exactly as they are, checked against the network.

    Raises ``ModelError`` when names or shapes differ, a value is not finite, or two names of one tensor disagree.
    """
    expected = network.state_dict()
    if expected.keys() != state.keys():
        odd = sorted(expected.keys() ^ state.keys())
        raise ModelError(f"{len(odd)} weights do not fit the network of plans.json, such as {odd[0][:96]}")
    distinct: dict[str, torch.Tensor] = {}
    for name, first in shared_names(network).items():
        tensor = state[name]
        if not isinstance(tensor, torch.Tensor) or tensor.shape != expected[name].shape:
            raise ModelError(f"weight {name[:96]} has another shape than plans.json says")
        if name != first:
            if not torch.equal(tensor, distinct[first]):
                raise ModelError(f"weights {first[:96]} and {name[:96]} are one and differ")
            continue
        if not torch.isfinite(tensor).all():
            raise ModelError(f"weight {name[:96]} is not finite")
        distinct[name] = tensor.detach().clone().contiguous()
    return distinct


def load_network(definition: Definition, bundle: ModelBundle) -> torch.nn.Module:
    """The bundle's network with its weights in float32 on the CPU, ready for inference.

    The bundle is that of one fold. Raises what ``load_weights`` raises.
    """
    network = build_network(definition)
    load_weights(network, bundle, assign=True)
    return network.eval().requires_grad_(False)


def load_weights(network: torch.nn.Module, bundle: ModelBundle, *, assign: bool = False) -> None:
    """Give a network the bundle's verified weights, in float32; a model holds each shared tensor once.

    ``assign`` puts the weights' own tensors in place, as a network without storage needs; otherwise they are copied, so
    that an optimizer keeps hold of its parameters. Raises ``ModelChecksumError`` when the weights differ from the
    manifest, ``ModelError`` when they do not fit.
    """
    try:
        tensors = load_safetensors(bundle.read_weights())
    except SafetensorError as error:
        raise ModelError("the weights are not a safetensors file") from error
    names = shared_names(network)
    if set(names.values()) != tensors.keys():
        raise ModelError("the weights do not name exactly the tensors of the network in plans.json")
    state = {name: _as_float32(tensors[first]) for name, first in names.items()}
    try:
        network.load_state_dict(state, strict=True, assign=assign)
    except RuntimeError as error:
        raise ModelError("the weights do not fit the network of plans.json") from error


def _as_float32(tensor: torch.Tensor) -> torch.Tensor:
    # Counters such as BatchNorm's num_batches_tracked stay whole numbers.
    return tensor.float() if tensor.is_floating_point() else tensor
