"""How sure a figure or a difference is: bootstrap intervals, paired tests, and their correction over organs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 9999
SEED = 20260506

Statistic = Callable[..., Any]
"""Sums up values along an axis, as numpy's mean and median do."""


def interval(values: Sequence[float], statistic: Statistic) -> tuple[float, float] | None:
    """The percentile bootstrap interval of a statistic over patients; None for fewer than two of them."""
    if len(values) < 2:
        return None
    found = stats.bootstrap(
        (np.asarray(values, float),),
        statistic,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return float(found.low), float(found.high)


def wilcoxon(differences: Sequence[float]) -> float | None:
    """The two-sided p of Wilcoxon's signed-rank test; 1 where nothing differs, None where there are no pairs."""
    known = np.asarray(differences, float)
    if not known.size:
        return None
    return float(stats.wilcoxon(known).pvalue) if known.any() else 1.0


def holm(ps: Mapping[str, float | None]) -> dict[str, float | None]:
    """Holm's step-down correction over what was tested (Holm 1979); what was not tested stays None."""
    tested = sorted((p, name) for name, p in ps.items() if p is not None)
    corrected: dict[str, float | None] = dict.fromkeys(ps)
    highest = 0.0
    for place, (p, name) in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - place) * p))
        corrected[name] = highest
    return corrected
