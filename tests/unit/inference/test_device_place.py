"""A card's memory is known before it is taken."""

import pytest
import torch

from pedcontour.errors import MemoryTooSmallError, OutOfMemoryError
from pedcontour.inference import device_place
from pedcontour.inference.device_place import OnDevice, card_left_bytes
from pedcontour.inference.memory import Need
from tests.unit.inference.devices import NEEDS_CUDA

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
