"""What the pipeline does when a device cannot do what it should."""

import weakref
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np
import pytest
import torch

from pedcontour.bundle import ModelBundle
from pedcontour.errors import MemoryTooSmallError, OutOfMemoryError, SeriesTooThinError
from pedcontour.inference import place
from pedcontour.inference.cuda_graph import Recorder, Replay
from pedcontour.inference.device_place import OnDevice
from pedcontour.inference.labelling import Channels, Labelling
from pedcontour.inference.memory import Need
from pedcontour.inference.modes import Mode
from pedcontour.inference.networks import Networks
from pedcontour.inference.nnunet_engine import NnunetEngine
from pedcontour.inference.nnunet_network import read_definition
from pedcontour.inference.nnunet_steps import Prepared
from pedcontour.inference.nnunet_torch import DeviceUse, TorchNetworks
from pedcontour.inference.place import Place
from pedcontour.inference.running_memory import Running
from pedcontour.inference.sliding import Slab, TileNetwork
from pedcontour.volume import Grid, Volume
from tests.toy_nnunet import one_thread, toy_image

pytestmark = pytest.mark.slow

CPU, CARD = torch.device("cpu"), torch.device("cuda")


class Full:
    """Networks on a card whose memory is enough for ``tiles`` tiles."""

    given_up = ()

    def __init__(self, within: TorchNetworks, tiles: int, then: Networks | None) -> None:
        self._within, self._tiles, self._then = within, tiles, then
        self.place = within.place

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

    def memory(self, *, half: bool) -> Running:
        return self._within.memory(half=half)

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
    monkeypatch.setattr(place, "memory_left_bytes", lambda: needed - 1)
    told: list[float] = []
    with pytest.raises(MemoryTooSmallError):
        _engine(toy_model, within).segment(image, told.append)
    assert told == []


@pytest.mark.parametrize("on_a_card", [False, True])
def test_an_image_thinner_than_a_voxel_of_the_model_is_refused_before_any_work(
    toy_model: ModelBundle, within: TorchNetworks, on_a_card: bool
) -> None:
    thin = Volume(Grid((3, 60, 56), np.diag([0.4, 3.0, 3.0, 1.0])), np.full((3, 60, 56), 40, np.int16))
    networks = _on_a_card(toy_model, OnDevice(CPU)) if on_a_card else within
    told: list[float] = []
    with pytest.raises(SeriesTooThinError, match=r"3 voxels of 0\.4 mm"):
        _engine(toy_model, networks).segment(thin, told.append)
    with pytest.raises(SeriesTooThinError):
        _engine(toy_model, networks).memory_bytes(thin)
    assert told == []


def test_a_prediction_says_what_it_took(toy_model: ModelBundle, within: TorchNetworks) -> None:
    image, _ = toy_image((48, 60, 56), (3.0, 3.0, 3.0), seed=9)
    with one_thread():
        prediction = _engine(toy_model, within).segment(image, lambda _: None)
    assert prediction.tiles_run > 1
    assert prediction.timings_s.keys() == {"prepare", "load", "network", "labels"}


@dataclass
class LabellingThatRunsOut:
    within: Labelling
    stage: str

    def add(self, slab: Slab) -> None:
        if self.stage == "labelling":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        self.within.add(slab)

    def channels(self) -> Channels:
        if self.stage == "fetching labels":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return self.within.channels()


class RunsOut:
    """A device's place whose memory runs out at one stage."""

    def __init__(self, stage: str) -> None:
        self._stage, self._within = stage, OnDevice(CPU)

    def check_memory(self, need: Need) -> None:
        if self._stage == "before":
            raise OutOfMemoryError("of the graphics card")
        self._within.check_memory(need)

    def prepare(self, *image: Any, look_for_body: bool) -> Prepared:
        if self._stage == "resampling":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return self._within.prepare(*image, look_for_body=look_for_body)

    def labelling(self, *given: Any) -> Labelling:
        return LabellingThatRunsOut(self._within.labelling(*given), self._stage)


def _on_a_card(model: ModelBundle, place: Place, record: Recorder | None = None) -> TorchNetworks:
    """Networks as on a card, two tiles at once, but on the processor."""
    definition = read_definition(model.plans, model.dataset, model.configuration)
    return TorchNetworks(model, definition, CPU, 1, DeviceUse(place, 2, record))


@pytest.mark.parametrize("mode", ["exact", "standard", "fast"])
@pytest.mark.parametrize("spacing_mm", [(3.5, 1.75, 2.0), (7.0, 1.75, 2.0)], ids=["thin", "thick"])
def test_a_device_draws_what_the_processor_draws(
    toy_model: ModelBundle, within: TorchNetworks, mode: Mode, spacing_mm: tuple[float, float, float]
) -> None:
    image, _ = toy_image((40, 70, 66), spacing_mm, seed=12)
    with one_thread():
        plain = _engine(toy_model, within).segment(image, lambda _: None, mode)
        ours = _engine(toy_model, _on_a_card(toy_model, OnDevice(CPU))).segment(image, lambda _: None, mode)
    # Resampling differs in the last bits of float32, and so do logits: voxels on a border may fall either way.
    assert np.count_nonzero(ours.labels.voxels != plain.labels.voxels) <= 1e-5 * ours.labels.voxels.size
    assert len(np.unique(ours.labels.voxels)) > 5
    assert ours.confidence == pytest.approx(dict(plain.confidence), rel=1e-4)
    assert ours.spread == pytest.approx(dict(plain.spread), rel=1e-3)
    assert (ours.tiles_run, ours.tiles_skipped) == (plain.tiles_run, plain.tiles_skipped)
    assert ours.fallbacks == ()


@pytest.mark.parametrize("stage", ["before", "resampling", "labelling", "fetching labels"])
def test_a_card_whose_memory_runs_out_at_any_stage_is_left_for_the_processor(
    toy_model: ModelBundle, within: TorchNetworks, stage: str
) -> None:
    image, _ = toy_image((48, 60, 56), (3.0, 3.0, 3.0), seed=9)
    told: list[float] = []
    with one_thread():
        plain = _engine(toy_model, within).segment(image, lambda _: None)
        prediction = _engine(toy_model, _on_a_card(toy_model, RunsOut(stage))).segment(image, told.append)
    assert [said.partition(": ")[2] for said in prediction.fallbacks] == [
        "one tile at once",
        "the network ran on the CPU",
    ]
    np.testing.assert_array_equal(prediction.labels.voxels, plain.labels.voxels)
    assert told == sorted(told)
    assert told[-1] == 1.0


def _recorder_without_memory(asked: list[int]) -> Recorder:
    def no_memory(network: TileNetwork, tiles: torch.Tensor) -> Replay:
        asked.append(len(tiles))
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    return no_memory


def test_a_card_with_memory_for_one_tile_runs_one_and_records_nothing(toy_model: ModelBundle) -> None:
    recorded: list[int] = []
    image, _ = toy_image((48, 60, 56), (3.0, 3.0, 3.0), seed=9)
    engine = _engine(toy_model, _on_a_card(toy_model, OnDevice(CPU), _recorder_without_memory(recorded)))
    with one_thread():
        first, second = (engine.segment(image, lambda _: None) for _ in range(2))
    assert first.fallbacks == ("the graphics card's memory ran out: one tile at once",)
    assert second.fallbacks == first.fallbacks
    assert recorded == [2, 2], "the next image tries all that the card can do"


def test_what_an_attempt_held_is_free_before_the_next(toy_model: ModelBundle) -> None:
    held: list[weakref.ref[object]] = []
    alive: list[int] = []

    class Watched(RunsOut):
        def prepare(self, *image: Any, look_for_body: bool) -> Prepared:
            alive.append(sum(data() is not None for data in held))
            prepared = super().prepare(*image, look_for_body=look_for_body)
            held.append(weakref.ref(prepared.data))
            return prepared

    image, _ = toy_image((32, 48, 48), (3.0, 3.0, 3.0), seed=9)
    with one_thread():
        _engine(toy_model, _on_a_card(toy_model, Watched("labelling"))).segment(image, lambda _: None)
    assert alive == [0, 0]


def test_a_warm_engine_has_run_every_number_of_tiles(toy_model: ModelBundle) -> None:
    recorded: list[int] = []

    def record(network: TileNetwork, tiles: torch.Tensor) -> Replay:
        recorded.append(len(tiles))
        return network

    image, _ = toy_image((48, 60, 56), (3.0, 3.0, 3.0), seed=9)
    engine = _engine(toy_model, _on_a_card(toy_model, OnDevice(CPU), record))
    with one_thread():
        engine.warm_up()
        assert sorted(recorded) == [1, 2]
        engine.segment(image, lambda _: None)
    assert sorted(recorded) == [1, 2]


def test_a_warm_up_without_memory_on_the_card_goes_on_with_less(toy_model: ModelBundle) -> None:
    recorded: list[int] = []
    engine = _engine(toy_model, _on_a_card(toy_model, OnDevice(CPU), _recorder_without_memory(recorded)))
    with one_thread():
        engine.warm_up()
    assert recorded, "it was tried"


def test_a_warm_up_that_fits_nowhere_leaves_it_to_the_first_image(
    toy_model: ModelBundle, within: TorchNetworks
) -> None:
    image, _ = toy_image((32, 48, 48), (3.0, 3.0, 3.0), seed=9)
    engine = _engine(toy_model, Full(within, 0, None))
    with one_thread():
        engine.warm_up()
        with pytest.raises(OutOfMemoryError):
            engine.segment(image, lambda _: None)


def test_a_card_without_room_for_the_weights_is_left_for_the_processor(
    toy_model: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = False
    moves: list[torch.device] = []
    to = torch.nn.Module.to

    def moved(module: torch.nn.Module, device: torch.device) -> torch.nn.Module:
        moves.append(device)
        if not room and device == CARD:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return to(module, CPU)

    monkeypatch.setattr(torch.nn.Module, "to", moved)
    definition = read_definition(toy_model.plans, toy_model.dataset, toy_model.configuration)
    networks = TorchNetworks(toy_model, definition, CARD, 1, DeviceUse(OnDevice(CPU), 2, None))
    engine = _engine(toy_model, networks)
    image, _ = toy_image((32, 48, 48), (3.0, 3.0, 3.0), seed=9)
    with one_thread():
        engine.warm_up()
        prediction = engine.segment(image, lambda _: None)
    assert prediction.fallbacks[-1].endswith("the network ran on the CPU")
    assert prediction.engine == "torch-cpu-fp32"
    assert moves[-1] == CPU, "what was on the card of its weights has left it"
    room = True
    networks.network(half=False)
    assert moves[-1] == CARD, "the next image tries the card again"


def test_kernels_that_cannot_be_recorded_are_told(toy_model: ModelBundle) -> None:
    def refuse(network: TileNetwork, tiles: torch.Tensor) -> Replay:
        raise RuntimeError("operation not permitted when stream is capturing")

    image, _ = toy_image((32, 48, 48), (3.0, 3.0, 3.0), seed=9)
    engine = _engine(toy_model, _on_a_card(toy_model, OnDevice(CPU), refuse))
    with one_thread():
        engine.warm_up()
        prediction = engine.segment(image, lambda _: None)
    assert prediction.fallbacks == ("the graphics card could not record the network's kernels: they ran one by one",)


def test_a_sum_over_mirror_images_and_an_image_turned_back_are_counted(
    toy_model: ModelBundle, within: TorchNetworks
) -> None:
    image, _ = toy_image((48, 60, 56), (3.0, 3.0, 3.0), seed=9)
    engine = _engine(toy_model, within)
    definition = read_definition(toy_model.plans, toy_model.dataset, toy_model.configuration)
    scores = 4 * definition.channels * prod(definition.patch_size)
    assert engine.memory_bytes(image, "tta") == engine.memory_bytes(image, "standard") + 2 * scores
