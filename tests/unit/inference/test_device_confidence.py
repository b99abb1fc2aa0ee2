"""Sums on a device against those of the processor."""

import numpy as np
import pytest
import torch

from pedcontour.inference import device_confidence
from pedcontour.inference.confidence import Confidence
from pedcontour.inference.device_confidence import sums_on_device
from tests.unit.inference.devices import on_every_device


@on_every_device
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("at_once", [1, 100, 1 << 20])
def test_certainty_is_the_processors(
    device: torch.device, dtype: type, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_confidence, "COARSE_VOXELS_AT_ONCE", at_once)
    logits = np.random.default_rng(4).normal(0, 2, (5, 6, 7, 8)).astype(dtype)
    logits[1, 2] = logits[3, 2]  # the first of equals
    merged = (0, 1, 1, 3, 0)
    by_numpy, by_torch = Confidence(merged), Confidence(merged)
    by_numpy.add(logits, logits.argmax(0).astype(np.uint8))
    for part in (logits[:, :4], logits[:, 4:]):
        by_torch.add_sums(sums_on_device(torch.from_numpy(part).to(device), merged))
    assert by_torch.by_label().keys() == by_numpy.by_label().keys() == {1, 3}
    for label, sure in by_torch.by_label().items():
        assert sure == pytest.approx(by_numpy.by_label()[label], rel=1e-5)


@on_every_device
def test_where_all_is_background_there_is_nothing_to_be_sure_of(device: torch.device) -> None:
    logits = torch.zeros((3, 2, 4, 4), device=device)
    logits[0] = 1.0
    confidence = Confidence((0, 1, 2))
    confidence.add_sums(sums_on_device(logits, (0, 1, 2)))
    assert confidence.by_label() == {}


@on_every_device
def test_counting_twice_gives_the_same_to_the_bit(device: torch.device) -> None:
    logits = torch.from_numpy(np.random.default_rng(5).normal(0, 3, (4, 9, 40, 40)).astype(np.float32)).to(device)
    once, again = (sums_on_device(logits, (0, 1, 2, 3)) for _ in range(2))
    for one, other in zip(once, again, strict=True):
        np.testing.assert_array_equal(one, other)
