"""Several folds of a training as one network: the mean of their logits, as ``nnUNetv2_predict -f 0 1 2`` takes it.

nnU-Net runs one fold after the other over the whole image and adds full volumes of logits. Tiles are weighted alike in
each fold, so the mean can be taken tile by tile, and the volumes need not be held.
"""

from collections.abc import Sequence

import torch

from pedcontour.inference.nnunet_engine import Networks
from pedcontour.inference.sliding import TileNetwork


def as_one(folds: Sequence[Networks]) -> Networks:
    """The networks of these folds as those of one bundle; a single fold stays as it is."""
    return folds[0] if len(folds) == 1 else _Ensemble(folds)


class _Ensemble:
    """``Networks`` around those of each fold."""

    def __init__(self, folds: Sequence[Networks]) -> None:
        self._folds = folds

    def name(self, *, half: bool) -> str:
        """That of one fold: they all run alike."""
        return self._folds[0].name(half=half)

    def network(self, *, half: bool) -> TileNetwork:
        """The mean of the folds' networks, all of which are loaded."""
        return _Mean([fold.network(half=half) for fold in self._folds])

    def smaller(self) -> tuple[Networks, str] | None:
        """All folds with less memory, where each can do with less."""
        found = [smaller for fold in self._folds if (smaller := fold.smaller()) is not None]
        if len(found) < len(self._folds):
            return None
        return _Ensemble([networks for networks, _ in found]), found[0][1]


class _Mean:
    """A ``TileNetwork``: the mean of others' logits, in float32."""

    def __init__(self, networks: Sequence[TileNetwork]) -> None:
        self._networks = networks

    @property
    def device(self) -> torch.device:
        """That of every network."""
        return self._networks[0].device

    @property
    def channels(self) -> int:
        """Those of every network."""
        return self._networks[0].channels

    @property
    def tiles_at_once(self) -> int:
        """As many as each network takes."""
        return min(network.tiles_at_once for network in self._networks)

    def __call__(self, tiles: torch.Tensor) -> torch.Tensor:
        """The mean logits."""
        total = self._networks[0](tiles).float().clone()
        for network in self._networks[1:]:
            total += network(tiles)
        total /= len(self._networks)
        return total
