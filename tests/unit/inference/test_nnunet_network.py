import copy
from typing import Any

import pytest
import torch

from pedcontour.errors import ModelError, ModelUnsafeError
from pedcontour.inference.nnunet_network import build_network, distinct_tensors, read_definition, shared_names
from tests.toy_nnunet import CONFIGURATION, LABELS, PATCH, toy_dataset, toy_plans


def _plans(**architecture: object) -> dict[str, Any]:
    plans: dict[str, Any] = copy.deepcopy(toy_plans())
    plans["configurations"][CONFIGURATION]["architecture"].update(architecture)
    return plans


def _residual() -> dict[str, Any]:
    plans = _plans(network_class_name="dynamic_network_architectures.architectures.unet.ResidualEncoderUNet")
    options = plans["configurations"][CONFIGURATION]["architecture"]["arch_kwargs"]
    options["n_blocks_per_stage"] = options.pop("n_conv_per_stage")
    return plans


def _before_2_5() -> dict[str, Any]:
    """Plans as nnU-Net wrote them before its version 2.5."""
    plans = _plans()
    configuration = plans["configurations"][CONFIGURATION]
    del configuration["architecture"]
    configuration.update(
        UNet_class_name="PlainConvUNet",
        UNet_base_num_features=8,
        unet_max_num_features=16,
        n_conv_per_stage_encoder=[2, 2],
        n_conv_per_stage_decoder=[2],
        num_pool_per_axis=[1, 1, 1],
        pool_op_kernel_sizes=[[1, 1, 1], [2, 2, 2]],
        conv_kernel_sizes=[[3, 3, 3], [3, 3, 3]],
    )
    return plans


@pytest.mark.parametrize("plans", [_plans(), _residual(), _before_2_5()], ids=["plain", "residual", "before 2.5"])
def test_networks_of_nnunets_planners_are_built_without_memory_for_weights(plans: dict[str, Any]) -> None:
    definition = read_definition(plans, toy_dataset(), CONFIGURATION)
    network = build_network(definition)
    assert definition.patch_size == PATCH
    assert definition.channels == len(LABELS)
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"meta"}
    output = network(torch.zeros((1, 1, *PATCH), device="meta"))
    assert output.shape == (1, len(LABELS), *PATCH)


def test_plans_that_name_code_never_reach_nnunet() -> None:
    with pytest.raises(ModelUnsafeError):
        read_definition(_plans(network_class_name="os.system"), toy_dataset(), CONFIGURATION)


def test_reading_a_definition_leaves_the_plans_as_they_were() -> None:
    plans = _before_2_5()
    before = copy.deepcopy(plans)
    read_definition(plans, toy_dataset(), CONFIGURATION)
    assert plans == before


def test_a_network_that_cannot_be_built_is_refused() -> None:
    plans = _plans()
    plans["configurations"][CONFIGURATION]["architecture"]["arch_kwargs"]["n_stages"] = 5
    with pytest.raises(ModelError):
        build_network(read_definition(plans, toy_dataset(), CONFIGURATION))


def test_names_of_one_tensor_share_their_first_name() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 2))
    network.add_module("again", network[0])
    assert shared_names(network) == {
        "0.weight": "0.weight",
        "0.bias": "0.bias",
        "again.weight": "0.weight",
        "again.bias": "0.bias",
    }
    assert list(distinct_tensors(network, network.state_dict())) == ["0.weight", "0.bias"]
