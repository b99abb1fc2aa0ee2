"""The mean of several folds' logits, as ``nnUNetv2_predict -f 0 1 2`` takes it.

nnU-Net runs one fold after the other over the whole image and adds full volumes of logits, each rounded to half
precision. Here the mean is taken tile by tile, or, where stock's rounding is wanted, slab by slab.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch

from pedcontour.inference.sliding import Slab, TileNetwork


class MeanNetwork:
    """A ``TileNetwork``: the mean of those of each fold, in float32."""

    def __init__(self, folds: Sequence[TileNetwork]) -> None:
        self.folds = folds

    @property
    def device(self) -> torch.device:
        """That of every fold."""
        return self.folds[0].device

    @property
    def channels(self) -> int:
        """Those of every fold."""
        return self.folds[0].channels

    @property
    def tiles_at_once(self) -> int:
        """As many as each fold takes."""
        return min(fold.tiles_at_once for fold in self.folds)

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        """The mean logits."""
        total = self.folds[0](tiles).float().clone()
        for fold in self.folds[1:]:
            total += fold(tiles)
        total /= len(self.folds)
        return total


def mean_of_slabs(folds: Sequence[Iterator[Slab]]) -> Iterator[Slab]:
    """The slabs of each fold's own sums as one, added and divided in their precision: stock's own rounding."""
    for slabs in zip(*folds, strict=True):
        total = slabs[0].logits.clone()  # a fold needs its last plane again
        for slab in slabs[1:]:
            total += slab.logits
        total /= len(slabs)
        yield replace(slabs[0], logits=total)


def shared_progress(progress: Callable[[float], None], count: int) -> list[Callable[[float], None]]:
    """One for each of so many that work in turn, which tell their own shares; ``progress`` hears the whole's."""
    shares = [0.0] * count

    def of(number: int) -> Callable[[float], None]:
        def tell(share: float) -> None:
            shares[number] = share
            progress(sum(shares) / count)

        return tell

    return [of(number) for number in range(count)]
