"""OpenVINO gives what PyTorch gives, for every kind of network that a plan may ask for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pedcontour.inference.nnunet_network import Definition, build_network
from pedcontour.inference.processor import multiplies_in_bfloat16
from tests.unit.inference.planned import definition_with

pytest.importorskip("openvino", reason="OpenVINO is not installed")

LARGEST_DIFFERENCE = 2e-3
"""Of logits with a standard deviation of about 1, in float32."""

_TOY = {
    "n_stages": 3,
    "features_per_stage": [4, 6, 8],
    "conv_op": "torch.nn.modules.conv.Conv3d",
    "kernel_sizes": [[3, 3, 3]] * 3,
    "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
    "n_conv_per_stage_decoder": [1, 1],
    "conv_bias": True,
    "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
    "norm_op_kwargs": {"eps": 1e-05, "affine": True},
    "dropout_op": None,
    "dropout_op_kwargs": None,
    "nonlin": "torch.nn.LeakyReLU",
    "nonlin_kwargs": {"inplace": True},
}
_ANISOTROPIC = {"kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]]}

NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("PlainConvUNet", _TOY | {"n_conv_per_stage": [2, 2, 2]}),
    "anisotropic": ("PlainConvUNet", _TOY | {"n_conv_per_stage": [1, 1, 1]} | _ANISOTROPIC),
    "residual encoder": ("ResidualEncoderUNet", _TOY | {"n_blocks_per_stage": [1, 2, 2]}),
    "residual": ("ResidualUNet", _TOY | {"n_blocks_per_stage": [1, 2, 1]} | _ANISOTROPIC),
}


def _definition(name: str) -> Definition:
    kind, options = NETWORKS[name]
    architecture = {
        "network_class_name": f"dynamic_network_architectures.architectures.unet.{kind}",
        "arch_kwargs": options,
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
    return definition_with({"architecture": architecture, "patch_size": [16, 24, 24]})


def _random_network(definition: Definition) -> torch.nn.Module:
    torch.manual_seed(1)
    network = build_network(definition).to_empty(device="cpu")
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_converted_network_gives_what_it_gave_before(name: str) -> None:
    import openvino as ov

    from pedcontour.inference.nnunet_openvino import convert, smallest_tile

    definition = _definition(name)
    network = _random_network(definition)
    tile = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 1, *definition.patch_size)).astype(np.float32))
    expected = network(tile).numpy()
    converted = convert(network, definition.patch_size, smallest_tile(definition))
    compiled = ov.Core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    logits = compiled(tile.numpy())[0]
    assert logits.shape == (1, definition.channels, *definition.patch_size)
    np.testing.assert_allclose(logits / expected.std(), expected / expected.std(), rtol=0, atol=LARGEST_DIFFERENCE)


def test_in_bfloat16_the_first_and_the_last_convolution_stay_in_float32(tmp_path: Path) -> None:
    import openvino as ov

    from pedcontour.inference.nnunet_openvino import convert, smallest_tile
    from pedcontour.inference.openvino_precision import keep_ends_precise

    definition = _definition("plain")
    converted = convert(_random_network(definition), definition.patch_size, smallest_tile(definition))
    file = tmp_path / "network.xml"
    ov.save_model(converted, file, compress_to_fp16=False)
    for _ in range(2):
        keep_ends_precise(file)
    compiled = ov.Core().compile_model(ov.Core().read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
    facts = [operation.get_rt_info() for operation in compiled.get_runtime_model().get_ordered_ops()]
    convolutions = [fact for fact in facts if fact["layerType"].astype(str) == "Convolution"]
    precisions = [fact["runtimePrecision"].astype(str) for fact in convolutions]
    assert precisions[0] == precisions[-1] == "f32"
    if multiplies_in_bfloat16():
        assert set(precisions[1:-1]) == {"bf16"}


def test_converting_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO's own ``convert_model`` sends a message to its maker."""
    import socket

    from pedcontour.inference.nnunet_openvino import convert, smallest_tile

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    definition = _definition("plain")
    convert(_random_network(definition), definition.patch_size, smallest_tile(definition))
