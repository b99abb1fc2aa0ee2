"""What an update may be: what no training does is refused, by the name of the site that sent it."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pedcontour.errors import UpdateUnfitError
from pedcontour.federation.averaging import OPTIMIZER_STATE, Weights, check_fit

MOST_CHANGE = 2.0
"""An update may move the model by at most this many times the model's own length (Euclidean, over all tensors).

A round of nnU-Net, with its learning rate of 0.01 and clipped gradients, moves it by a part of its length. Every site
that took part in the round knows the model before it, so all of them refuse the same update.
"""


MOST_REMEMBERED = 100.0
"""How many steps nnU-Net's momentum remembers: each counts 0.99 of the one after it, 1 / (1 - 0.99) in all."""
LONGEST_STEP = 12.0
"""nnU-Net clips gradients to this length; weight decay and FedProx add a part of the model's own length to it."""


def check_weights(site: str, weights: Weights, base: Weights) -> None:
    """Raise ``UpdateUnfitError`` for a model, or a momentum, that no round of training makes of its first one."""
    check_fit(site, weights, base)
    check_change(site, weights, base)
    check_momentum(site, weights)


def check_change(site: str, weights: Weights, base: Weights) -> None:
    """Raise ``UpdateUnfitError`` for a model farther from the round's first one than training takes it."""
    names = [name for name in base if not name.startswith(OPTIMIZER_STATE)]
    length = _length(base[name] for name in names)
    moved = _length(weights[name].astype(np.float64) - base[name] for name in names)
    if length and moved > MOST_CHANGE * length:
        raise UpdateUnfitError(f"{site}: it moved the model by {moved / length:.1f} times its length")


def check_momentum(site: str, weights: Weights) -> None:
    """Raise ``UpdateUnfitError`` for momentum longer than so many of the longest steps add up to."""
    momentum = _length(tensor for name, tensor in weights.items() if name.startswith(OPTIMIZER_STATE))
    model = _length(tensor for name, tensor in weights.items() if not name.startswith(OPTIMIZER_STATE))
    if momentum > (longest := MOST_REMEMBERED * (LONGEST_STEP + model)):
        raise UpdateUnfitError(f"{site}: its momentum is {momentum / longest:.3g} times as long as training makes it")


def check_cases(site: str, trained_on: int, counted: int) -> None:
    """Raise ``UpdateUnfitError`` for a site that trained on more cases than it counted before the first round.

    By its cases a site counts in the mean, and by its census all know beforehand how much.
    """
    if trained_on > counted:
        raise UpdateUnfitError(f"{site}: trained on {trained_on} cases, and counted {counted} before the first round")


def _length(tensors: Iterable[NDArray[np.floating]]) -> float:
    return math.sqrt(sum(float(np.square(tensor, dtype=np.float64).sum()) for tensor in tensors))
