"""The learning rate warms up before it decays."""

import pytest
import torch

from pedcontour.small_network.optimiser import WarmPolyLR, adamw


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


def test_the_optimiser_begins_below_its_peak_and_reaches_it() -> None:
    optimizer, schedule = adamw(torch.nn.Linear(2, 2), peak=0.5, epochs=100)
    rates = []
    for epoch in range(5):
        schedule.step(epoch)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates[0] < 0.25
    assert max(rates) == pytest.approx(0.5, rel=0.05)
