"""Several folds of a training as one bundle's networks."""

from collections.abc import Sequence

from pedcontour.inference.fold_mean import MeanNetwork
from pedcontour.inference.networks import Networks
from pedcontour.inference.place import Place
from pedcontour.inference.running_memory import Running
from pedcontour.inference.sliding import TileNetwork


def as_one(folds: Sequence[Networks]) -> Networks:
    """The networks of these folds as those of one bundle; a single fold stays as it is."""
    return folds[0] if len(folds) == 1 else _Ensemble(folds)


class _Ensemble:
    """``Networks`` around those of each fold."""

    def __init__(self, folds: Sequence[Networks]) -> None:
        self._folds = folds

    @property
    def place(self) -> Place:
        """That of one fold: they all run in one place."""
        return self._folds[0].place

    def name(self, *, half: bool) -> str:
        """That of one fold: they all run alike."""
        return self._folds[0].name(half=half)

    def network(self, *, half: bool) -> TileNetwork:
        """The mean of the folds' networks, all of which are loaded."""
        return MeanNetwork([fold.network(half=half) for fold in self._folds])

    def memory(self, *, half: bool) -> Running:
        """What each keeps, and what the largest takes while it runs: they run one after the other."""
        each = [fold.memory(half=half) for fold in self._folds]
        return Running(sum(fold.kept for fold in each), max(fold.passing for fold in each))

    @property
    def given_up(self) -> tuple[str, ...]:
        """What any fold gave up, each sentence once."""
        return tuple(dict.fromkeys(said for fold in self._folds for said in fold.given_up))

    def smaller(self) -> tuple[Networks, str] | None:
        """All folds with less memory, where each can do with less."""
        found = [smaller for fold in self._folds if (smaller := fold.smaller()) is not None]
        if len(found) < len(self._folds):
            return None
        return _Ensemble([networks for networks, _ in found]), found[0][1]
