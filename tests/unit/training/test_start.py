"""A training can begin with the weights of a model, and refuses those of another plan."""

import pytest
import torch
from safetensors.torch import load

from pedcontour.bundle import ModelBundle
from pedcontour.errors import ModelUnsupportedError
from pedcontour.inference.nnunet_network import build_network, read_definition
from pedcontour.training.run import begin_with

pytestmark = pytest.mark.slow


def _network(bundle: ModelBundle) -> torch.nn.Module:
    skeleton = build_network(read_definition(bundle.plans, bundle.dataset, bundle.configuration))
    network = skeleton.to_empty(device="cpu")
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    return network


def test_the_network_gets_the_models_weights(toy_model: ModelBundle) -> None:
    network = _network(toy_model)
    expected = load(toy_model.read_weights())
    assert not all(torch.equal(network.state_dict()[name], tensor) for name, tensor in expected.items())
    begin_with(network, toy_model)
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in expected.items())


def test_weights_of_another_plan_are_refused(toy_model: ModelBundle) -> None:
    other = torch.nn.Sequential(_network(toy_model), torch.nn.Linear(2, 2))
    with pytest.raises(ModelUnsupportedError):
        begin_with(other, toy_model)
