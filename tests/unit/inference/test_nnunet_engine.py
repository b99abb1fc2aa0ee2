"""What the pipeline does when a device cannot do what it should."""

from typing import cast

import numpy as np
import pytest
import torch

from pedcontour.bundle import ModelBundle
from pedcontour.errors import MemoryTooSmallError, OutOfMemoryError
from pedcontour.inference import nnunet_engine
from pedcontour.inference.nnunet_engine import Networks, NnunetEngine
from pedcontour.inference.nnunet_network import read_definition
from pedcontour.inference.nnunet_torch import TorchNetworks
from pedcontour.inference.sliding import TileNetwork
from tests.toy_nnunet import one_thread, toy_image

pytestmark = pytest.mark.slow


class Full:
    """Networks on a card whose memory is enough for ``tiles`` tiles."""

    def __init__(self, within: TorchNetworks, tiles: int, then: Networks | None) -> None:
        self._within, self._tiles, self._then = within, tiles, then

    def name(self, *, half: bool) -> str:
        return "full"

    def network(self, *, half: bool) -> TileNetwork:
        network = self._within.network(half=half)
        left = self._tiles

        class OutOfMemory:
            device, channels, tiles_at_once = network.device, network.channels, 1

            def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
                nonlocal left
                left -= 1
                if left < 0:
                    raise torch.OutOfMemoryError("CUDA out of memory")
                return network(tiles)

        return OutOfMemory()

    def smaller(self) -> tuple[Networks, str] | None:
        return None if self._then is None else (self._then, f"not enough for {self._tiles + 1} tiles")


@pytest.fixture
def within(toy_model: ModelBundle) -> TorchNetworks:
    definition = read_definition(toy_model.plans, toy_model.dataset, toy_model.configuration)
    return TorchNetworks(toy_model, definition, torch.device("cpu"), None)


def _engine(model: ModelBundle, networks: object) -> NnunetEngine:
    definition = read_definition(model.plans, model.dataset, model.configuration)
    return NnunetEngine(model, definition, cast(Networks, networks))


def test_a_card_whose_memory_runs_out_is_left_and_the_report_says_so(
    toy_model: ModelBundle, within: TorchNetworks
) -> None:
    image, _ = toy_image((48, 60, 56), (3.0, 3.0, 3.0), seed=9)
    told: list[float] = []
    with one_thread():
        plain = _engine(toy_model, within).segment(image, lambda _: None)
        prediction = _engine(toy_model, Full(within, 3, Full(within, 1, within))).segment(image, told.append)
    assert prediction.fallbacks == ("not enough for 4 tiles", "not enough for 2 tiles")
    assert prediction.engine == "torch-cpu-fp32"
    np.testing.assert_array_equal(prediction.labels.voxels, plain.labels.voxels)
    assert plain.fallbacks == ()
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_memory_that_is_nowhere_enough_ends_the_attempt(toy_model: ModelBundle, within: TorchNetworks) -> None:
    image, _ = toy_image((32, 48, 48), (3.0, 3.0, 3.0), seed=9)
    with one_thread(), pytest.raises(OutOfMemoryError):
        _engine(toy_model, Full(within, 0, None)).segment(image, lambda _: None)


def test_what_the_memory_cannot_hold_is_refused_before_any_work(
    toy_model: ModelBundle, within: TorchNetworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, _ = toy_image((32, 48, 48), (3.0, 3.0, 3.0), seed=9)
    needed = _engine(toy_model, within).memory_bytes(image)
    monkeypatch.setattr(nnunet_engine, "memory_left_bytes", lambda: needed - 1)
    told: list[float] = []
    with pytest.raises(MemoryTooSmallError):
        _engine(toy_model, within).segment(image, told.append)
    assert told == []


def test_a_prediction_says_what_it_took(toy_model: ModelBundle, within: TorchNetworks) -> None:
    image, _ = toy_image((48, 60, 56), (3.0, 3.0, 3.0), seed=9)
    with one_thread():
        prediction = _engine(toy_model, within).segment(image, lambda _: None)
    assert prediction.tiles_run > 1
    assert prediction.timings_s.keys() == {"prepare", "network", "labels"}
    assert prediction.peak_memory_bytes > 0
