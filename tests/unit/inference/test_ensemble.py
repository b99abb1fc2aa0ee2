"""The folds of a training run as one network."""

import pytest
import torch

from pedcontour.inference.ensemble import as_one
from pedcontour.inference.fold_mean import mean_of_slabs, shared_progress
from pedcontour.inference.networks import Networks
from pedcontour.inference.running_memory import Running
from pedcontour.inference.sliding import Slab, TileNetwork


class Times:
    """A network that multiplies by a factor, and writes each answer over the one before."""

    device, channels, tiles_at_once = torch.device("cpu"), 1, 2

    def __init__(self, factor: float) -> None:
        self._factor, self._answer = factor, torch.zeros(())

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        if self._answer.shape != tiles.shape:
            self._answer = torch.zeros_like(tiles)
        return torch.mul(tiles, self._factor, out=self._answer)


class Fold:
    """A fold's networks: in half precision its factor is ten times as large; ``less`` is what it can do with less."""

    def __init__(self, factor: float, less: "Fold | None" = None) -> None:
        self._factor, self._less = factor, less

    def name(self, *, half: bool) -> str:
        return "half" if half else "full"

    def network(self, *, half: bool) -> TileNetwork:
        return Times(self._factor * (10 if half else 1))

    def memory(self, *, half: bool) -> Running:
        return Running(kept=int(self._factor), passing=10 * int(self._factor))

    @property
    def given_up(self) -> tuple[str, ...]:
        return ("nothing recorded",) if self._factor > 1 else ()

    def smaller(self) -> tuple[Networks, str] | None:
        return None if self._less is None else (self._less, "with less")


TILES = torch.arange(16, dtype=torch.float32).reshape(2, 1, 2, 2, 2)


def test_a_tile_is_the_mean_over_the_folds() -> None:
    folds = as_one([Fold(1.0), Fold(2.0), Fold(6.0)])
    network = folds.network(half=False)
    for _ in range(2):
        torch.testing.assert_close(network(TILES), 3.0 * TILES)
    torch.testing.assert_close(folds.network(half=True)(TILES), 30.0 * TILES)
    assert (network.channels, network.tiles_at_once, network.device) == (1, 2, torch.device("cpu"))
    assert folds.name(half=True) == "half"


def test_one_fold_is_itself() -> None:
    fold = Fold(1.0)
    assert as_one([fold]) is fold


def test_folds_do_with_less_memory_all_together_or_not_at_all() -> None:
    assert as_one([Fold(1.0, less=Fold(1.0)), Fold(2.0)]).smaller() is None
    smaller = as_one([Fold(1.0, less=Fold(3.0)), Fold(2.0, less=Fold(5.0))]).smaller()
    assert smaller is not None
    networks, said = smaller
    assert said == "with less"
    torch.testing.assert_close(networks.network(half=False)(TILES), 4.0 * TILES)


def test_folds_keep_their_memory_each_and_run_in_turn() -> None:
    folds = as_one([Fold(1.0), Fold(2.0), Fold(3.0)])
    assert folds.memory(half=False) == Running(kept=6, passing=30)
    assert folds.given_up == ("nothing recorded",)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_mean_of_half_precision_answers_is_taken_in_float32(dtype: torch.dtype) -> None:
    class Half(Fold):
        def network(self, *, half: bool) -> TileNetwork:
            network = Times(self._factor)

            class Rounded:
                device, channels, tiles_at_once = network.device, 1, 1

                def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
                    return network(tiles).to(dtype)

            return Rounded()

    mean = as_one([Half(1.0), Half(1.0 + 2.0**-7)]).network(half=True)(torch.ones(1, 1, 1, 1, 1))
    assert mean.dtype == torch.float32
    assert float(mean) == 1.0 + 2.0**-8


def test_the_mean_of_finished_sums_is_rounded_as_they_are_and_leaves_them() -> None:
    first, second = torch.full((1, 2, 1, 1), 1.0, dtype=torch.half), torch.full((1, 2, 1, 1), 1.0 + 2.0**-10).half()
    (slab,) = mean_of_slabs([iter([Slab(first, 4, 1)]), iter([Slab(second, 4, 1)])])
    assert (slab.first, slab.seen, slab.logits.dtype) == (4, 1, torch.half)
    torch.testing.assert_close(slab.logits, (first + second) / 2, rtol=0, atol=0)
    assert (first == 1.0).all()


def test_folds_in_turn_tell_one_progress_that_rises() -> None:
    told: list[float] = []
    first, second = shared_progress(told.append, 2)
    for tell, share in [(first, 0.5), (second, 0.5), (first, 1.0), (second, 1.0)]:
        tell(share)
    assert told == [0.25, 0.5, 0.75, 1.0]
