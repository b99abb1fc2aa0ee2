"""The global model of a round: one mean that every site computes for itself, to the last bit the same.

Sums are taken in float64, sites in order of name, and rounded once to the tensor's own dtype (ties to even).
A float32 times a count of cases below 2**29 is exact in float64, so sites that agree average to what they said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pedcontour.errors import UpdateUnfitError

Weights = Mapping[str, NDArray[np.floating]]
"""Tensors by name."""

OPTIMIZER_STATE = "momentum/"
"""Before the names of tensors that are averaged with the model and are no part of it: the optimizer's momentum."""


@dataclass(frozen=True)
class Contribution:
    """What one site brings: its model after training, and how much it counts.

    ``row_shares`` names the tensors whose rows, along the first axis, count by shares of their own: a row that speaks
    of one organ counts by the cases in which that organ was annotated.
    """

    weights: Weights
    share: int
    row_shares: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


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
    return {name: _mean(name, ordered) for name in sorted(model)}


def check_fit(site: str, weights: Weights, model: Weights) -> None:
    """Raise ``UpdateUnfitError`` unless the weights have the model's tensors and only finite values."""
    if weights.keys() != model.keys():
        raise UpdateUnfitError(f"{site}: other tensors than the model's")
    for name, tensor in sorted(weights.items()):
        if (tensor.shape, tensor.dtype) != (model[name].shape, model[name].dtype):
            raise UpdateUnfitError(f"{site}: another shape or dtype of a tensor")
        if not np.isfinite(tensor).all():
            raise UpdateUnfitError(f"{site}: a value that is not finite")


def _mean(name: str, ordered: list[Contribution]) -> NDArray[np.floating]:
    tensor = ordered[0].weights[name]
    shares = _shares(name, ordered, tensor.ndim)
    summed = np.zeros(tensor.shape, np.float64)
    for contribution, share in zip(ordered, shares, strict=True):
        summed += contribution.weights[name].astype(np.float64) * share
    return (summed / sum(shares)).astype(tensor.dtype)


def _shares(name: str, ordered: list[Contribution], axes: int) -> list[NDArray[np.int64]]:
    """What each site's tensor counts, shaped to multiply it; a row that counts at no site counts as the whole does."""
    whole = np.array([contribution.share for contribution in ordered], np.int64)
    if not any(name in contribution.row_shares for contribution in ordered):
        return list(whole)
    rows = ordered[0].weights[name].shape[0]
    if any(len(contribution.row_shares.get(name, ())) != rows for contribution in ordered):
        raise UpdateUnfitError("shares of rows that the model does not have")
    table = np.array([contribution.row_shares[name] for contribution in ordered], np.int64)
    table[:, table.sum(0) == 0] = whole[:, None]
    return [row.reshape(-1, *(1,) * (axes - 1)) for row in table]
