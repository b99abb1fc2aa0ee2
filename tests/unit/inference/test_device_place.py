"""A card's memory is known before it is taken."""

import subprocess
import sys

import pytest
import torch

from pedcontour.errors import MemoryTooSmallError, OutOfMemoryError
from pedcontour.inference import device_place
from pedcontour.inference.device_place import OnDevice, card_left_bytes
from pedcontour.inference.memory import MIB, Need, peak_resident_bytes
from tests.unit.inference.devices import NEEDS_CUDA, on_every_device

TEEN = Need((300, 512, 512), (310, 307, 307), 128, 20, 4, whole_volumes=False)
GIB = 1 << 30


def _check(monkeypatch: pytest.MonkeyPatch, card: int | None, machine: int | None, need: Need = TEEN) -> None:
    monkeypatch.setattr(device_place, "card_left_bytes", lambda _: card)
    monkeypatch.setattr(device_place, "memory_left_bytes", lambda: machine)
    OnDevice(torch.device("cpu")).check_memory(need)


def test_a_studys_image_takes_less_than_three_gigabytes_of_a_card() -> None:
    assert GIB < TEEN.on_card_bytes < 3 * GIB


def test_what_a_card_cannot_hold_is_left_for_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    _check(monkeypatch, TEEN.on_card_bytes, None)
    _check(monkeypatch, None, None)
    with pytest.raises(OutOfMemoryError):
        _check(monkeypatch, TEEN.on_card_bytes - 1, None)


def test_the_machine_needs_less_beside_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TEEN.beside_card_bytes < TEEN.peak_bytes
    _check(monkeypatch, None, TEEN.beside_card_bytes)
    with pytest.raises(MemoryTooSmallError):
        _check(monkeypatch, None, TEEN.beside_card_bytes - 1)


def test_logits_that_are_resampled_whole_are_counted_for_the_machine() -> None:
    whole = Need((300, 512, 512), (310, 307, 307), 128, 20, 4, whole_volumes=True)
    assert whole.beside_card_bytes > TEEN.beside_card_bytes + 20 * 310 * 307 * 307 * 4


def test_a_processor_has_no_memory_of_a_card() -> None:
    assert card_left_bytes(torch.device("cpu")) is None


@NEEDS_CUDA
def test_what_is_taken_of_a_card_is_no_longer_left() -> None:
    device = torch.device("cuda")
    before = card_left_bytes(device)
    taken = torch.empty(64 << 20, dtype=torch.uint8, device=device)
    after = card_left_bytes(device)
    assert before is not None
    assert after is not None
    assert before - after >= len(taken)


_SLIDE = """
import sys
import numpy as np, torch
from pedcontour.inference.confidence import Confidence
from pedcontour.inference.device_place import OnDevice
from pedcontour.inference.layout import lay_tiles
from pedcontour.inference.memory import Need, peak_resident_bytes
from pedcontour.inference.sliding import finished_slabs, padded
from tests.unit.inference.planned import definition_with
from tests.unit.inference.test_sliding import Blur

device = torch.device(sys.argv[1])
peak = torch.cuda.max_memory_allocated if device.type == "cuda" else peak_resident_bytes
definition, place, network = definition_with({}), OnDevice(device), Blur()
network.device = device

def run(image):
    prepared = place.prepare(definition, image, (2.0, 2.0, 2.0), look_for_body=False)
    layout = lay_tiles(tuple(prepared.data.shape[1:]), definition.patch_size, 0.5)
    labelling = place.labelling(definition, prepared, layout, Confidence(tuple(range(8))))
    data = padded(prepared.data, layout, device)
    for slab in finished_slabs(network, data, layout, torch.float32, lambda share: None):
        labelling.add(slab)
    labelling.channels()
    return Need(image.shape, layout.shape, definition.patch_size[0], 8, 4, whole_volumes=False)

image = np.random.default_rng(0).integers(-1000, 1000, (240, 300, 300), dtype=np.int16)
run(image[:8, :8, :8])
before = peak()
need = run(image)
machine = 0 if device.type == "cuda" else need.beside_card_bytes
print(peak() - before, need.on_card_bytes + machine)
"""


@pytest.mark.slow
@pytest.mark.skipif(peak_resident_bytes() == 0, reason="this system does not tell a process's memory")
@on_every_device
def test_what_is_taken_is_no_more_than_was_said_and_not_much_less(device: torch.device) -> None:
    command = [sys.executable, "-c", _SLIDE, str(device)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    taken, said = map(int, run.stdout.split())
    assert 0.3 * said < taken < 1.1 * said + 64 * MIB
