"""The tensors that hospitals exchange: each of a network once, under one name, and back in place."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pedcontour.federation.averaging import OPTIMIZER_STATE, Weights
from pedcontour.inference.nnunet_network import shared_names

NEGATIVE_SLOPE = 0.01
"""Of the leaky ReLU that nnU-Net's initialisation reckons with (``InitWeights_He``)."""


def bare(network: nn.Module) -> nn.Module:
    """The network inside what multi-GPU training and torch.compile wrap around it."""
    inner: Any = getattr(network, "module", network)
    unwrapped: nn.Module = getattr(inner, "_orig_mod", inner)
    return unwrapped


def tensors_of(network: nn.Module) -> dict[str, torch.Tensor]:
    """The network's own tensors of floating point by their first name; nnU-Net's state names most of them twice."""
    plain = bare(network)
    state = plain.state_dict(keep_vars=True)
    firsts = dict.fromkeys(shared_names(plain).values())
    return {name: state[name] for name in firsts if state[name].is_floating_point()}


def read_weights(network: nn.Module) -> dict[str, NDArray[np.floating]]:
    """A copy of the tensors."""
    return {name: _array(tensor) for name, tensor in tensors_of(network).items()}


def put_weights(network: nn.Module, weights: Weights) -> None:
    """Copy values into the tensors where they are, so that the optimizer keeps hold of its parameters."""
    with torch.no_grad():
        for name, tensor in tensors_of(network).items():
            tensor.copy_(torch.from_numpy(np.array(weights[name])))


def read_momentum(network: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, NDArray[np.floating]]:
    """A copy of the momentum of every parameter, named as the parameter is; zero before a step."""
    states = ((name, tensor, optimizer.state.get(tensor, {})) for name, tensor in _parameters(network))
    return {
        f"{OPTIMIZER_STATE}{name}": _array(
            buffer if (buffer := state.get("momentum_buffer")) is not None else tensor * 0
        )
        for name, tensor, state in states
    }


def put_momentum(network: nn.Module, optimizer: torch.optim.Optimizer, weights: Weights) -> None:
    """Give the optimizer the momentum among the weights. Zero is what a new optimizer begins with."""
    for name, tensor in _parameters(network):
        buffer = torch.from_numpy(np.array(weights[f"{OPTIMIZER_STATE}{name}"])).to(tensor.device)
        optimizer.state[tensor]["momentum_buffer"] = buffer


def without_momentum(weights: Weights) -> dict[str, NDArray[np.floating]]:
    """The model alone."""
    return {name: tensor for name, tensor in weights.items() if not name.startswith(OPTIMIZER_STATE)}


def no_momentum(network: nn.Module) -> dict[str, NDArray[np.floating]]:
    """Momentum before the first step."""
    return {
        f"{OPTIMIZER_STATE}{name}": np.zeros(tuple(tensor.shape), np.float32) for name, tensor in _parameters(network)
    }


def initialise(network: nn.Module, seed: int) -> None:
    """Draw convolutions' weights as nnU-Net does (He et al. 2015), whatever the processor; the rest stays.

    torch draws normal numbers by other instructions on other processors, which need not agree to the last bit. numpy's
    PCG64 and ziggurat do not, so that all sites begin with one model.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    gain = math.sqrt(2 / (1 + NEGATIVE_SLOPE**2))
    with torch.no_grad():
        for _, tensor in sorted(tensors_of(network).items()):
            if tensor.ndim > 1:
                deviation = gain / math.sqrt(math.prod(tensor.shape[1:]))
                drawn = random.standard_normal(tuple(tensor.shape)) * deviation
                tensor.copy_(torch.from_numpy(drawn.astype(np.float32)))


def _parameters(network: nn.Module) -> list[tuple[str, torch.Tensor]]:
    return [(name, tensor) for name, tensor in tensors_of(network).items() if isinstance(tensor, nn.Parameter)]


def _array(tensor: torch.Tensor) -> NDArray[np.floating]:
    array: NDArray[np.floating] = tensor.detach().float().cpu().numpy().copy()
    return array


def aliases(network: nn.Module, weights: Weights) -> Mapping[str, torch.Tensor]:
    """nnU-Net's own state of these weights, every name of it."""
    return {name: torch.from_numpy(np.array(weights[first])) for name, first in shared_names(bare(network)).items()}
