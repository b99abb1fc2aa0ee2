"""The sliding window against nnU-Net's."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pedcontour.errors import CancelledError, ModelUnsupportedError
from pedcontour.inference.layout import Layout, Row, lay_tiles
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.sliding import finished_slabs, padded
from tests.toy_nnunet import LABELS, PATCH, toy_dataset
from tests.unit.inference.planned import definition_with

Shape = tuple[int, int, int]
CPU = torch.device("cpu")


@dataclass
class Blur:
    """A network of sorts: eight channels that depend on their surroundings."""

    tiles_at_once: int = 1
    device = torch.device("cpu")
    channels = len(LABELS)

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        mean = torch.nn.functional.avg_pool3d(tiles, 5, 1, 2)
        return torch.cat([mean * factor + factor for factor in range(self.channels)], 1)


def _all(network: Blur, data: npt.NDArray[np.float32], layout: Layout, sums: torch.dtype = torch.half) -> torch.Tensor:
    """Every slab's new planes, one after the other."""
    slabs = finished_slabs(network, padded(data, layout, CPU), layout, sums, lambda _: None)
    return torch.cat([slab.logits[:, slab.seen :].clone() for slab in slabs], 1)


def _stock(definition: Definition, data: npt.NDArray[np.float32]) -> torch.Tensor:
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(device=torch.device("cpu"), use_mirroring=False, allow_tqdm=False)
    network = torch.nn.Module()
    network.forward = Blur()  # type: ignore[method-assign]
    predictor.manual_initialization(
        network, definition.plans, definition.configuration, None, toy_dataset(), "none", None
    )
    logits: torch.Tensor = predictor.predict_sliding_window_return_logits(torch.from_numpy(data))
    return logits


@pytest.mark.parametrize("tiles_at_once", [1, 3])
@pytest.mark.parametrize("shape", [(40, 70, 100), (10, 20, 30), (32, 48, 48), (33, 48, 97), (100, 20, 60)])
def test_tiles_are_laid_and_weighted_as_by_nnunets_predictor(shape: Shape, tiles_at_once: int) -> None:
    data = np.random.default_rng(1).normal(size=(1, *shape)).astype(np.float32)
    stock = _stock(definition_with({}), data)
    ours = _all(Blur(tiles_at_once), data, lay_tiles(shape, PATCH, 0.5))
    assert ours.dtype == stock.dtype
    np.testing.assert_array_equal(ours.numpy(), stock.numpy())


def test_sums_in_float32_differ_by_the_rounding_of_half_precision() -> None:
    data = np.random.default_rng(2).normal(size=(1, 40, 70, 60)).astype(np.float32)
    layout = lay_tiles((40, 70, 60), PATCH, 0.5)
    half, single = _all(Blur(), data, layout), _all(Blur(), data, layout, torch.float32)
    assert single.dtype == torch.float32
    # In the corners of an image stock's weights are below what half precision resolves.
    close = (half - single).abs() <= 2e-2 * (1 + single.abs())
    assert close.float().mean() > 0.99


def test_a_slab_brings_the_plane_before_it() -> None:
    data = np.random.default_rng(3).normal(size=(1, 70, 48, 48)).astype(np.float32)
    layout = lay_tiles((70, 48, 48), PATCH, 0.5)
    whole = _all(Blur(), data, layout)
    for slab in finished_slabs(Blur(), padded(data, layout, CPU), layout, torch.half, lambda _: None):
        assert slab.seen == (slab.first > 0)
        torch.testing.assert_close(
            slab.logits, whole[:, slab.first : slab.first + slab.logits.shape[1]], rtol=0, atol=0
        )


def test_where_no_tile_ran_background_wins() -> None:
    data = np.ones((1, 64, 48, 48), np.float32)
    rows = (Row(0, ((0, 0),)), Row(32, ()))
    layout = Layout((slice(0, 64), slice(0, 48), slice(0, 48)), (0, 0, 0), (64, 48, 48), PATCH, rows, 1)
    winner = _all(Blur(), data, layout, torch.float32).argmax(0)
    assert (winner[:32] == len(LABELS) - 1).all()
    assert (winner[32:] == 0).all()


def test_where_no_tile_ran_logits_are_those_of_the_outside() -> None:
    data = np.ones((1, 64, 48, 48), np.float32)
    rows = (Row(0, ((0, 0),)), Row(32, ()))
    layout = Layout((slice(0, 64), slice(0, 48), slice(0, 48)), (0, 0, 0), (64, 48, 48), PATCH, rows, 1)
    outside = tuple(float(channel - 3) for channel in range(len(LABELS)))
    slabs = finished_slabs(Blur(), padded(data, layout, CPU), layout, torch.half, lambda _: None, outside)
    logits = torch.cat([slab.logits[:, slab.seen :].clone() for slab in slabs], 1)
    assert (logits[:, 32:] == torch.tensor(outside)[:, None, None, None]).all()
    assert (logits[:, :31] >= 0).all()


def test_progress_is_told_after_every_tile_and_may_end_the_work() -> None:
    data = np.zeros((1, 64, 96, 96), np.float32)
    layout = lay_tiles((64, 96, 96), PATCH, 0.5)
    told: list[float] = []
    for _ in finished_slabs(Blur(), padded(data, layout, CPU), layout, torch.half, told.append):
        pass
    assert told == [n / 27 for n in range(1, 28)]

    def cancel(_: float) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        next(finished_slabs(Blur(), padded(data, layout, CPU), layout, torch.half, cancel))


class _Shouting(Blur):
    def __init__(self, value: float) -> None:
        super().__init__()
        self._value = value

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros((1, self.channels, *tiles.shape[2:]))
        logits[0, 1, 4, 4, 4] = self._value
        return logits


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e6])
def test_outputs_that_are_no_numbers_are_refused(value: float) -> None:
    """As labels they would be background, and an organ would vanish unsaid."""
    data = np.zeros((1, *PATCH), np.float32)
    with pytest.raises(ModelUnsupportedError):
        _all(_Shouting(value), data, lay_tiles(PATCH, PATCH, 0.5))


@pytest.mark.parametrize(("shape", "copied"), [((40, 70, 60), False), ((40, 30, 60), True)])
def test_an_image_is_copied_only_where_it_is_smaller_than_a_tile(shape: Shape, copied: bool) -> None:
    data = np.ones((1, *shape), np.float32)
    image = padded(data, lay_tiles(shape, PATCH, 0.5), CPU)
    assert np.shares_memory(data, image.numpy()) is not copied
    assert image.sum() == data.size
