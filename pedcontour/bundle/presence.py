"""The calibrated absence filter that may lie beside a model, as stored: ``kidneys.json``.

A logistic regression small enough to read: each term is one piece of evidence, brought to a common scale and weighed.
It holds numbers and names only, and is refused when it could call a larger or surer kidney less likely.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from pedcontour.errors import ModelError

PRESENCE_NAME = "kidneys.json"

SCHEMA = 1

Shape = Literal["linear", "log", "distance"]

RISING = frozenset({"volume_ratio", "age_ratio", "other_ratio", "probability", "firm_share"})
"""Evidence that must never speak against an organ the more there is of it."""

LARGEST_SCALED = 4.0
"""No term counts for more than this many scales: an outlier must not outvote all others."""

SMALLEST_RATIO = 1e-3
"""Logarithms are taken of nothing smaller."""


@dataclass(frozen=True)
class Term:
    """One piece of evidence: how it is scaled and what it weighs.

    ``linear`` and ``log`` count how far the value, or its logarithm, lies above ``centre``; ``distance`` how far away
    from it on either side; all in units of ``scale`` and at most ``LARGEST_SCALED``. ``missing`` takes the place of
    that number where the evidence is not known.
    """

    evidence: str
    shape: Shape
    centre: float
    scale: float
    weight: float
    missing: float = 0.0

    def scaled(self, value: float | None) -> float:
        """The evidence on the common scale."""
        if value is None:
            return self.missing
        at = math.log(max(value, SMALLEST_RATIO)) if self.shape == "log" else value
        far = (at - self.centre) / self.scale
        return min(LARGEST_SCALED, max(-LARGEST_SCALED, abs(far) if self.shape == "distance" else far))


@dataclass(frozen=True)
class PresenceModel:
    """The probability that something drawn is the organ, and what to do with it.

    Below ``remove_below`` it is taken away, from ``present_from`` on it passes without a flag. ``costs`` are what the
    two were derived from, ``card`` says what it was fitted on.
    """

    organs: tuple[str, ...]
    intercept: float
    terms: tuple[Term, ...]
    remove_below: float
    present_from: float
    costs: Mapping[str, float] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)

    def contributions(self, evidence: Mapping[str, float | None]) -> dict[str, float]:
        """What each term adds to the log-odds, by the name of its evidence."""
        return {term.evidence: term.weight * term.scaled(evidence.get(term.evidence)) for term in self.terms}

    def probability(self, evidence: Mapping[str, float | None]) -> float:
        """The probability that it is the organ, 0 to 1."""
        log_odds = self.intercept + sum(self.contributions(evidence).values())
        return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, log_odds))))

    def as_document(self) -> dict[str, Any]:
        """The model as ``read_presence`` takes it."""
        return {
            "schema": SCHEMA,
            "kind": "logistic",
            "organs": list(self.organs),
            "intercept": self.intercept,
            "terms": [vars(term) for term in self.terms],
            "thresholds": {"remove_below": self.remove_below, "present_from": self.present_from},
            "costs": dict(self.costs),
            "card": dict(self.card),
        }


def read_presence(document: Mapping[str, Any]) -> PresenceModel:
    """The model in a parsed ``kidneys.json``; raises ``ModelError`` for another form, for thresholds that are not
    probabilities in order, and where more of ``RISING`` evidence would count against the organ."""
    if document.get("schema") != SCHEMA or document.get("kind") != "logistic":
        raise ModelError(f"{PRESENCE_NAME} is not schema {SCHEMA}, kind logistic")
    thresholds = _table(document, "thresholds")
    model = PresenceModel(
        organs=_names(document, "organs"),
        intercept=_number(document, "intercept"),
        terms=tuple(_term(entry) for entry in _list(document, "terms")),
        remove_below=_number(thresholds, "remove_below"),
        present_from=_number(thresholds, "present_from"),
        costs={name: _number(_table(document, "costs"), name) for name in _table(document, "costs")},
        card=_table(document, "card"),
    )
    if not 0.0 <= model.remove_below <= model.present_from <= 1.0:
        raise ModelError(f"{PRESENCE_NAME}: the thresholds are not two probabilities in order")
    names = [term.evidence for term in model.terms]
    if len(set(names)) != len(names):
        raise ModelError(f"{PRESENCE_NAME}: a piece of evidence has two terms")
    return model


def _term(entry: Any) -> Term:
    if not isinstance(entry, dict) or not isinstance(entry.get("evidence"), str):
        raise ModelError(f"{PRESENCE_NAME}: a term does not name its evidence")
    if entry.get("shape") not in get_args(Shape):
        raise ModelError(f"{PRESENCE_NAME}: {entry['evidence']} has no known shape")
    numbers = {name: _number(entry, name) for name in ("centre", "scale", "weight", "missing")}
    term = Term(entry["evidence"], cast(Shape, entry["shape"]), **numbers)
    if term.scale <= 0.0:
        raise ModelError(f"{PRESENCE_NAME}: the scale of {term.evidence} is not positive")
    if term.evidence in RISING and (term.weight < 0.0 or term.shape == "distance"):
        raise ModelError(f"{PRESENCE_NAME}: more {term.evidence} would count against the organ")
    return term


def _number(table: Mapping[str, Any], name: str) -> float:
    value = table.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelError(f"{PRESENCE_NAME}: {name} is not a finite number")
    return float(value)


def _table(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise ModelError(f"{PRESENCE_NAME}: {name} is not a table")
    return table


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    entries = document.get(name)
    if not isinstance(entries, list) or not entries:
        raise ModelError(f"{PRESENCE_NAME} has no {name}")
    return entries


def _names(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    names = _list(document, name)
    if not all(isinstance(each, str) for each in names):
        raise ModelError(f"{PRESENCE_NAME}: {name} are not names")
    return tuple(names)
