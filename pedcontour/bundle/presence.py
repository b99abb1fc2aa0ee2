"""The calibrated absence filter that may lie beside a model, as stored: ``kidneys.json``.

An additive model of the log-odds, small enough to read: each piece of evidence has a curve of a few points that says
what a value adds. It holds numbers and names only, and is refused when it could call a larger or surer kidney less
likely.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pedcontour.bundle.manifest import MANIFEST_NAME
from pedcontour.errors import ModelError
from pedcontour.organs import all_organs

PRESENCE_NAME = "kidneys.json"

SCHEMA = 1
KIND = "additive"

RISING = frozenset({"volume_ratio", "age_ratio", "other_ratio", "probability", "firm_share"})
"""Evidence that must never speak against an organ the more there is of it."""

MOST_LOG_ODDS = 100.0
"""The most that one number of a filter may say for or against an organ: far beyond certainty, far from overflow."""


@dataclass(frozen=True)
class Term:
    """What one piece of evidence adds to the log-odds: a curve through ``adds`` at the rising values ``at``.

    Straight between its points and level beyond them, so that an outlier counts for no more than what was seen when the
    curve was fitted. ``missing`` is added where the evidence is not known.
    """

    evidence: str
    at: tuple[float, ...]
    adds: tuple[float, ...]
    missing: float = 0.0

    def log_odds(self, value: float | None) -> float:
        """What a value adds."""
        if value is None:
            return self.missing
        after = bisect_right(self.at, value)
        if after in (0, len(self.at)):
            return self.adds[0 if after == 0 else -1]
        low, high = self.at[after - 1], self.at[after]
        share = (value - low) / (high - low)
        return self.adds[after - 1] + share * (self.adds[after] - self.adds[after - 1])

    def as_entry(self) -> dict[str, Any]:
        """The term as a list of a document holds it."""
        return {"evidence": self.evidence, "at": list(self.at), "adds": list(self.adds), "missing": self.missing}


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
        return {term.evidence: term.log_odds(evidence.get(term.evidence)) for term in self.terms}

    def probability(self, evidence: Mapping[str, float | None]) -> float:
        """The probability that it is the organ, 0 to 1."""
        log_odds = self.intercept + sum(self.contributions(evidence).values())
        return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, log_odds))))

    def as_document(self) -> dict[str, Any]:
        """The model as ``read_presence`` takes it."""
        return {
            "schema": SCHEMA,
            "kind": KIND,
            "organs": list(self.organs),
            "intercept": self.intercept,
            "terms": [term.as_entry() for term in self.terms],
            "thresholds": {"remove_below": self.remove_below, "present_from": self.present_from},
            "costs": dict(self.costs),
            "card": dict(self.card),
        }


def read_presence(document: Mapping[str, Any]) -> PresenceModel:
    """The model in a parsed ``kidneys.json``; raises ``ModelError`` for another form, for thresholds that are not
    probabilities in order, where more of ``RISING`` evidence would count against the organ, and for more than
    ``MOST_LOG_ODDS``."""
    if document.get("schema") != SCHEMA or document.get("kind") != KIND:
        raise ModelError(f"{PRESENCE_NAME} is not schema {SCHEMA}, kind {KIND}")
    thresholds = _table(document, "thresholds")
    model = PresenceModel(
        organs=_names(document, "organs"),
        intercept=_log_odds(document, "intercept"),
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


def check_belongs(presence: PresenceModel, drawn: Collection[str], weights_sha256: str) -> None:
    """Check that a filter is one for the network that draws the organs ``drawn`` with the weights of that SHA-256.

    Raises ``ModelError`` where it judges what the network does not draw or what is never absent, and where its card
    names other weights. A card that names none is let pass.
    """
    removable = {organ for organ in drawn if all_organs()[organ].may_be_absent}
    if strangers := sorted(set(presence.organs) - removable):
        shown = ", ".join(repr(name[:32]) for name in strangers[:8])
        raise ModelError(f"{PRESENCE_NAME} judges what is no organ of this model that may be absent: {shown}")
    if presence.card.get("weights_sha256", weights_sha256) != weights_sha256:
        raise ModelError(
            f"{PRESENCE_NAME} was fitted to other weights: delete it and its line in {MANIFEST_NAME}, and fit anew"
        )


def _term(entry: Any) -> Term:
    if not isinstance(entry, dict) or not isinstance(entry.get("evidence"), str):
        raise ModelError(f"{PRESENCE_NAME}: a term does not name its evidence")
    at = tuple(_number({"at": value}, "at") for value in _list(entry, "at"))
    adds = tuple(_log_odds({"adds": value}, "adds") for value in _list(entry, "adds"))
    term = Term(entry["evidence"], at, adds, _log_odds(entry, "missing"))
    # The whole width is finite too, so that no share of it is computed from an overflow.
    rises = math.isfinite(at[-1] - at[0]) and all(before < after for before, after in pairwise(at))
    if len(at) != len(adds) or not rises:
        raise ModelError(f"{PRESENCE_NAME}: the points of {term.evidence} do not make a curve")
    if term.evidence in RISING and any(after < before for before, after in pairwise(term.adds)):
        raise ModelError(f"{PRESENCE_NAME}: more {term.evidence} would count against the organ")
    return term


def _log_odds(table: Mapping[str, Any], name: str) -> float:
    value = _number(table, name)
    if abs(value) > MOST_LOG_ODDS:
        raise ModelError(f"{PRESENCE_NAME}: {name} is beyond log-odds of {MOST_LOG_ODDS:g}")
    return value


def _number(table: Mapping[str, Any], name: str) -> float:
    value = table.get(name)
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ModelError(f"{PRESENCE_NAME}: {name} is not a finite number")
    return number


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
