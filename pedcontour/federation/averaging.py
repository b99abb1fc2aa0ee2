"""The global model of a round: one mean that every site computes for itself, to the last bit the same.

Sums are taken in float64, sites in order of name, and rounded once to the tensor's own dtype (ties to even).
A float32 times a count of cases below 2**29 is exact in float64, so sites that agree average to what they said.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pedcontour.errors import UpdateUnfitError

Weights = Mapping[str, NDArray[np.floating]]
"""Tensors by name."""


@dataclass(frozen=True)
class Contribution:
    """What one site brings: its model after training, and how much it counts."""

    weights: Weights
    share: int


def mean_of(contributions: Mapping[str, Contribution]) -> dict[str, NDArray[np.floating]]:
    """The mean, weighted by share, of contributions by site.

    Raises ``UpdateUnfitError`` when tensors differ in name, shape or dtype, hold what is not finite, or nothing counts.
    """
    ordered = [contributions[site] for site in sorted(contributions)]
    total = sum(contribution.share for contribution in ordered)
    if total <= 0 or any(contribution.share < 0 for contribution in ordered):
        raise UpdateUnfitError("no share of the mean is positive")
    model = ordered[0].weights
    for site in sorted(contributions):
        check_fit(site, contributions[site].weights, model)
    return {name: _mean(name, ordered, total) for name in sorted(model)}


def check_fit(site: str, weights: Weights, model: Weights) -> None:
    """Raise ``UpdateUnfitError`` unless the weights have the model's tensors and only finite values."""
    if weights.keys() != model.keys():
        raise UpdateUnfitError(f"{site}: other tensors than the model's")
    for name, tensor in sorted(weights.items()):
        if (tensor.shape, tensor.dtype) != (model[name].shape, model[name].dtype):
            raise UpdateUnfitError(f"{site}: another shape or dtype of a tensor")
        if not np.isfinite(tensor).all():
            raise UpdateUnfitError(f"{site}: a value that is not finite")


def _mean(name: str, ordered: list[Contribution], total: int) -> NDArray[np.floating]:
    tensor = ordered[0].weights[name]
    summed = np.zeros(tensor.shape, np.float64)
    for contribution in ordered:
        summed += contribution.weights[name].astype(np.float64) * contribution.share
    return (summed / total).astype(tensor.dtype)
