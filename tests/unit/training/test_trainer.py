"""The trainer never mirrors, and warms up before it decays."""

import inspect

import pytest
import torch
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from pedcontour.small_network.optimiser import WarmPolyLR
from pedcontour.small_network.plans import FEATURES, PATCH, SPACING_MM, shrink
from pedcontour.training.trainer import PedcontourTrainer


def _rates(epochs: int, warm_up: int) -> list[float]:
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], 1.0)
    schedule = WarmPolyLR(optimizer, 1.0, epochs, warm_up)
    rates = []
    for epoch in range(epochs):
        schedule.step(epoch)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def test_the_rate_rises_for_the_warm_up_and_then_only_falls() -> None:
    rates = _rates(epochs=20, warm_up=3)
    assert rates[:3] == sorted(rates[:3])
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert 0 < rates[-1] < 0.2


def test_a_resumed_training_finds_the_rate_it_left() -> None:
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], 1.0)
    WarmPolyLR(optimizer, 1.0, 20, 3).step(12)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(_rates(20, 3)[12])


def test_no_axis_is_ever_mirrored(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = ((-0.5, 0.5), False, (64, 96, 96), (0, 1, 2))
    monkeypatch.setattr(
        nnUNetTrainer, "configure_rotation_dummyDA_mirroring_and_inital_patch_size", lambda self: everything
    )
    trainer = PedcontourTrainer.__new__(PedcontourTrainer)
    assert trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size()[3] is None
    assert trainer.inference_allowed_mirroring_axes is None


def test_the_signature_is_the_one_nnu_net_inspects() -> None:
    assert list(inspect.signature(PedcontourTrainer).parameters) == list(inspect.signature(nnUNetTrainer).parameters)


def test_the_small_plan_keeps_nnu_nets_own_definitions_and_shrinks_the_network() -> None:
    full = {
        "architecture": {"network_class_name": "net", "arch_kwargs": {"conv_bias": True}},
        "normalization_schemes": ["CTNormalization"],
    }
    plans = shrink({"dataset_name": "d", "configurations": {"2d": {}, "3d_fullres": full}})
    small = plans["configurations"]["3d_fullres"]
    assert list(plans["configurations"]) == ["3d_fullres"]
    assert (small["patch_size"], small["spacing"]) == (list(PATCH), list(SPACING_MM))
    assert small["architecture"]["arch_kwargs"]["features_per_stage"] == list(FEATURES)
    assert small["normalization_schemes"] == ["CTNormalization"]
    assert all(size % 2 ** (len(FEATURES) - 1) == 0 for size in PATCH)
