"""Weigh the evidence: an additive model that cannot learn that larger or surer means less likely.

Each piece of evidence gets a curve of a few straight pieces. How much each piece rises is a parameter of a penalised
logistic regression: a convex problem within bounds, so the same rows give the same curves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from pedcontour.bundle.presence import RISING, PresenceModel, Term
from pedcontour.calibration.costs import Costs
from pedcontour.calibration.rows import KidneyRow
from pedcontour.postprocessing.evidence import EVIDENCE

WEIGHED = frozenset(EVIDENCE) - {"hu_median", "age_ratio"}
"""Left out: ``hu_median``, which contrast agent moves; ``age_ratio``, as headers may not tell the age, and the trunk
does. ``border_share`` excuses smallness: without it, kidneys that the images cut taught that small ones are real."""

KNOTS = (0.02, 0.2, 0.4, 0.6, 0.8, 0.98)
"""Quantiles of a piece of evidence over all rows at which its curve may bend."""

RIDGE = 0.1
"""Strength of the quadratic penalty on how much a curve rises over each piece."""
BEND = 0.3
"""Strength of the quadratic penalty on how much more it rises over a piece than over the one before."""

STEPS = 2000
"""More than the fit has ever needed."""

FEWEST_OF_EACH = 10
"""Fewer real or false kidneys tell nothing that would hold elsewhere."""


@dataclass(frozen=True)
class Recipe:
    """How to fit: costs, what to leave out or to weigh besides (for ablation), and facts for the model's card."""

    costs: Costs = field(default_factory=Costs)
    without: frozenset[str] = frozenset()
    more: frozenset[str] = frozenset()
    card: Mapping[str, str] = field(default_factory=dict)


def fit_presence(rows: Iterable[KidneyRow], recipe: Recipe | None = None) -> PresenceModel:
    """Fit a model to every kidney that was drawn; the same rows give the same model.

    Raises ``ValueError`` where there are too few real or too few false kidneys to learn from.
    """
    recipe = recipe or Recipe()
    drawn = [row for row in rows if row.evidence is not None]
    real = np.array([row.real for row in drawn], dtype=bool)
    if min(np.count_nonzero(real), np.count_nonzero(~real)) < FEWEST_OF_EACH:
        raise ValueError(
            f"at least {FEWEST_OF_EACH} real and {FEWEST_OF_EACH} false kidneys are needed; the rows hold "
            f"{np.count_nonzero(real)} and {np.count_nonzero(~real)}"
        )
    names = sorted((WEIGHED | recipe.more) - recipe.without, key=EVIDENCE.index)
    curves = [curve for name in names if (curve := _curve(name, drawn)) is not None]
    intercept, terms = _fit(curves, real)
    remove_below, present_from = recipe.costs.thresholds()
    return PresenceModel(
        organs=tuple(sorted({row.organ for row in drawn})),
        intercept=intercept,
        terms=terms,
        remove_below=remove_below,
        present_from=present_from,
        costs=vars(recipe.costs),
        card={
            **recipe.card,
            "cases": len({row.case for row in drawn}),
            "real_kidneys": int(np.count_nonzero(real)),
            "false_kidneys": int(np.count_nonzero(~real)),
        },
    )


@dataclass(frozen=True, eq=False)
class _Curve:
    """A curve to be fitted: where it may bend, and of each row how much of each piece lies below its value (0 to 1)."""

    evidence: str
    knots: npt.NDArray[np.float64]
    pieces: npt.NDArray[np.float64]
    missing: npt.NDArray[np.float64]

    @property
    def count(self) -> int:
        return len(self.knots) - 1


def _curve(name: str, rows: Sequence[KidneyRow]) -> _Curve | None:
    """None for evidence that no row has, or that is the same in nearly all."""
    known = [row.evidence.as_dict()[name] if row.evidence else None for row in rows]
    values = np.array([np.nan if value is None else value for value in known])
    there = ~np.isnan(values)
    knots = np.unique(np.quantile(values[there], KNOTS)) if there.any() else np.empty(0)
    if len(knots) < 2:
        return None
    pieces = np.stack([np.clip((values - low) / (high - low), 0.0, 1.0) for low, high in pairwise(knots)], axis=1)
    missing = pieces[there].mean(axis=0)
    return _Curve(name, knots, np.where(there[:, None], pieces, missing), missing)


def _fit(curves: Sequence[_Curve], real: npt.NDArray[np.bool_]) -> tuple[float, tuple[Term, ...]]:
    """The intercept and the curves, each of which adds nothing to the mean real kidney: what is below zero speaks
    against one."""
    columns = np.concatenate([curve.pieces - curve.pieces[real].mean(axis=0) for curve in curves], axis=1)
    rising = [curve.evidence in RISING for curve in curves for _ in range(curve.count)]
    intercept, rises = _minimise(columns, real, rising, _penalty([curve.count for curve in curves]))
    parts = np.split(rises, np.cumsum([curve.count for curve in curves])[:-1])
    return intercept, tuple(_term(curve, part, real) for curve, part in zip(curves, parts, strict=True))


def _term(curve: _Curve, rises: npt.NDArray[np.float64], real: npt.NDArray[np.bool_]) -> Term:
    at_real = float(curve.pieces[real].mean(axis=0) @ rises)
    adds = np.concatenate([[0.0], np.cumsum(rises)]) - at_real
    return Term(
        curve.evidence,
        tuple(float(knot) for knot in curve.knots),
        tuple(float(each) for each in adds),
        float(curve.missing @ rises) - at_real,
    )


def _penalty(counts: Sequence[int]) -> npt.NDArray[np.float64]:
    """The quadratic form of both penalties over all pieces of all curves, which have that many each."""
    bends = np.zeros((sum(counts), sum(counts)))
    starts = np.cumsum([0, *counts])
    for first, end in pairwise(starts):
        difference = np.diff(np.eye(end - first), axis=0)
        bends[first:end, first:end] = difference.T @ difference
    penalty: npt.NDArray[np.float64] = RIDGE * np.eye(sum(counts)) + BEND * bends
    return penalty


def _minimise(
    columns: npt.NDArray[np.float64],
    real: npt.NDArray[np.bool_],
    rising: Sequence[bool],
    penalty: npt.NDArray[np.float64],
) -> tuple[float, npt.NDArray[np.float64]]:
    """Intercept and rises of least penalised log loss, those of rising evidence not below zero."""
    sign = np.where(real, 1.0, -1.0)

    def loss(parameters: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        rises = parameters[1:]
        margin = sign * (parameters[0] + columns @ rises)
        pull = -sign / (1.0 + np.exp(np.clip(margin, -700.0, 700.0)))
        value = float(np.logaddexp(0.0, -margin).sum() + 0.5 * rises @ penalty @ rises)
        return value, np.concatenate([[pull.sum()], columns.T @ pull + penalty @ rises])

    bounds = [(None, None), *((0.0, None) if up else (None, None) for up in rising)]
    start = np.zeros(columns.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS})
    return float(found.x[0]), found.x[1:]
