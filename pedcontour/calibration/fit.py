"""Weigh the evidence: a logistic regression that cannot learn that larger or surer means less likely."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from pedcontour.bundle.presence import RISING, SMALLEST_RATIO, PresenceModel, Shape, Term
from pedcontour.calibration.costs import Costs
from pedcontour.calibration.rows import KidneyRow

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "volume_ratio": "log",
        "other_ratio": "log",
        "probability": "linear",
        "probability_spread": "linear",
        "firm_share": "linear",
        "lateral": "distance",
        "ventral": "distance",
        "level": "distance",
        "mirror_distance": "linear",
        "psoas_offset": "distance",
        "beside_solid": "linear",
        "beside_bowel": "linear",
        "beside_muscle": "linear",
        "beside_other": "linear",
        "beside_fat": "linear",
        "hu_over_muscle": "linear",
        "hu_from_other": "distance",
        "hu_over_solid": "linear",
        "hu_over_bowel": "linear",
        "hu_over_rind": "linear",
        "hu_spread": "linear",
        "texture": "linear",
        "fat_share": "linear",
        "gas_share": "linear",
        "elongation": "linear",
        "solidity": "linear",
        "irregularity": "linear",
        "hilum": "linear",
        "largest_share": "linear",
        "parts": "log",
    }
)
"""The evidence that is weighed, and how. Left out: ``hu_median``, which contrast agent moves; ``age_ratio``, as headers
may not tell the age, and the trunk does; ``border_share``, which ``judge_at_border`` answers for."""

RIDGE = 1.0
"""Strength of the quadratic penalty on scaled weights: as ``C = 1`` of scikit-learn."""

SMALLEST_SCALE = 1e-3
MAD_TO_SD = 1.4826
"""The standard deviation of a normal distribution over its median absolute deviation."""

FEWEST_OF_EACH = 10
"""Fewer real or false kidneys tell nothing that would hold elsewhere."""


@dataclass(frozen=True)
class Recipe:
    """How to fit: costs, what to leave out or to weigh besides (for ablation), and facts for the model's card."""

    costs: Costs = field(default_factory=Costs)
    without: frozenset[str] = frozenset()
    more: Mapping[str, Shape] = field(default_factory=dict)
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
    shapes = {name: shape for name, shape in {**SHAPES, **recipe.more}.items() if name not in recipe.without}
    scaled = [_scaled_term(name, shape, drawn, real) for name, shape in shapes.items()]
    terms = [term for term in scaled if term is not None]
    columns = _columns(terms, drawn)
    intercept, weights = _fit(columns, real, [term.evidence in RISING for term in terms])
    remove_below, present_from = recipe.costs.thresholds()
    return PresenceModel(
        organs=tuple(sorted({row.organ for row in drawn})),
        intercept=intercept,
        terms=tuple(
            Term(t.evidence, t.shape, t.centre, t.scale, weight, t.missing)
            for t, weight in zip(terms, weights, strict=True)
        ),
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


def _scaled_term(name: str, shape: Shape, rows: Sequence[KidneyRow], real: npt.NDArray[np.bool_]) -> Term | None:
    """A term without weight: its centre and scale from the rows. None for evidence that no row has."""
    values = [(row.evidence.as_dict()[name] if row.evidence else None) for row in rows]
    known = np.array([value is not None for value in values])
    if not known.any():
        return None
    at = np.array([np.nan if value is None else value for value in values])
    if shape == "log":
        at = np.log(np.maximum(at, SMALLEST_RATIO))
    if shape == "distance":
        of_real = at[known & real] if (known & real).any() else at[known]
        centre = float(np.median(of_real))
        scale = MAD_TO_SD * float(np.median(np.abs(of_real - centre)))
    else:
        centre, scale = float(at[known].mean()), float(at[known].std())
    term = Term(name, shape, centre, max(scale, SMALLEST_SCALE), 0.0)
    missing = float(np.mean([term.scaled(value) for value in values if value is not None]))
    return Term(name, shape, term.centre, term.scale, 0.0, missing)


def _columns(terms: Sequence[Term], rows: Sequence[KidneyRow]) -> npt.NDArray[np.float64]:
    """Scaled evidence, (rows, terms)."""
    known = [row.evidence.as_dict() if row.evidence else {} for row in rows]
    return np.array([[term.scaled(evidence.get(term.evidence)) for term in terms] for evidence in known])


def _fit(
    columns: npt.NDArray[np.float64], real: npt.NDArray[np.bool_], rising: Sequence[bool]
) -> tuple[float, list[float]]:
    """Intercept and weights of least penalised log loss, those of rising evidence not below zero: a convex problem
    within bounds, so it has one answer."""
    sign = np.where(real, 1.0, -1.0)

    def loss(parameters: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = parameters[1:]
        margin = sign * (parameters[0] + columns @ weights)
        pull = -sign / (1.0 + np.exp(np.clip(margin, -700.0, 700.0)))
        value = float(np.logaddexp(0.0, -margin).sum() + 0.5 * RIDGE * weights @ weights)
        return value, np.concatenate([[pull.sum()], columns.T @ pull + RIDGE * weights])

    bounds = [(None, None), *((0.0, None) if up else (None, None) for up in rising)]
    found = minimize(loss, np.zeros(columns.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    return float(found.x[0]), [float(weight) for weight in found.x[1:]]
