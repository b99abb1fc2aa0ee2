"""Test-time augmentation as nnU-Net does it: the mean over mirror images of a tile."""

from collections.abc import Sequence
from itertools import combinations

import torch

from pedcontour.inference.around import AroundNetwork
from pedcontour.inference.sliding import TileNetwork

_FIRST_AXIS = 2
"""A tile's axes are (tile, channel, a, b, c)."""


class Mirrored(AroundNetwork):
    """A ``TileNetwork`` around another: the mean of its logits over every combination of mirrored axes."""

    def __init__(self, network: TileNetwork, axes: Sequence[int]) -> None:
        super().__init__(network)
        self._flips = [
            [_FIRST_AXIS + axis for axis in chosen]
            for count in range(1, len(axes) + 1)
            for chosen in combinations(axes, count)
        ]

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        """The mean logits."""
        total = self._network(tiles).float().clone()
        for flip in self._flips:
            total += self._network(tiles.flip(flip)).flip(flip)
        total /= len(self._flips) + 1
        return total
