"""How one site trains."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pedcontour.federation.nnunet.planning import Planning
from pedcontour.federation.nnunet.recipe import Recipe
from pedcontour.federation.nnunet.rolls import Rolls


@dataclass(frozen=True)
class SiteSettings:
    """``iterations`` an epoch, ``proximal``, ``planning`` and ``recipe`` should be the same at every site; the rest is
    its own.

    ``fold`` is nnU-Net's; ``workers`` are processes that augment. With none of them, and ``deterministic``, the same
    data give the same model. ``proximal`` is FedProx's mu. ``start`` is the folder of the model that the charter names.
    """

    device: Literal["cpu", "cuda"] = "cpu"
    fold: int | Literal["all"] = 0
    iterations: int = 250
    validation_iterations: int = 50
    workers: int = 4
    rolls: Rolls | None = None
    proximal: float = 0.0
    deterministic: bool = False
    planning: Planning = field(default_factory=Planning)
    recipe: Recipe = field(default_factory=Recipe)
    start: Path | None = None
