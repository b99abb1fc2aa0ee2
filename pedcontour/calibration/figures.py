"""How good a rule is, from rows: what was drawn in empty beds before and after it, and what real kidneys it cost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

import numpy as np
import numpy.typing as npt

from pedcontour.bundle.presence import PresenceModel
from pedcontour.calibration.rows import KidneyRow
from pedcontour.postprocessing.absence import FLAGGED_UP_TO, removal_limit
from pedcontour.postprocessing.borders import CUT_SHARE, SCRAP_ML
from pedcontour.postprocessing.evidence import Evidence
from pedcontour.postprocessing.presence import CalibratedPresence
from pedcontour.verdicts import Outcome

Rule = Callable[[Evidence], Outcome]
"""A judgement of evidence alone."""

LIMITS_ML = (0.0, 1.0, 5.0)
"""A false kidney counts from more than this much on: study.md's three figures."""

QUIET = (Outcome.PRESENT, Outcome.PARTIAL)
"""What nobody is asked to look at."""

RESAMPLES = 400
NORMAL_95 = 1.96


def calibrated(model: PresenceModel) -> Rule:
    """The rule of a fitted model."""
    rule = CalibratedPresence(model)
    return lambda evidence: rule.outcome(evidence)[0]


def by_volume(evidence: Evidence) -> Outcome:
    """The first rule, ``VolumeForBodySize``, on evidence."""
    if evidence.volume_ratio is None:
        return Outcome.PRESENT_UNCERTAIN
    limit = removal_limit(evidence.probability)
    if evidence.volume_ratio < limit:
        return Outcome.REMOVED_FALSE_POSITIVE
    return Outcome.PRESENT if evidence.volume_ratio >= FLAGGED_UP_TO * limit else Outcome.PRESENT_UNCERTAIN


def outcome_of(row: KidneyRow, rule: Rule) -> Outcome | None:
    """What becomes of what was drawn, softened at a border as ``judge_at_border`` does; None where nothing was."""
    if row.evidence is None:
        return None
    outcome = rule(row.evidence)
    cut = (row.evidence.border_share or 0.0) >= CUT_SHARE
    if cut and outcome is Outcome.REMOVED_FALSE_POSITIVE and row.drawn_ml >= SCRAP_ML:
        return Outcome.PRESENT_UNCERTAIN
    return outcome


@dataclass(frozen=True)
class AbsentFigures:
    """Of sides without a kidney: the share with more than 0, 1 and 5 mL drawn, before and after, the share that keeps
    more than 1 mL without a flag, and median volumes of what was drawn (mL, None where nothing was)."""

    sides: int
    before: tuple[float, ...]
    after: tuple[float, ...]
    unflagged: float
    median_before_ml: float | None
    median_after_ml: float | None


@dataclass(frozen=True)
class PresentFigures:
    """Of sides with a kidney: how many were drawn as it, the share of these removed (with its 95 % Wilson interval),
    flagged, and told to be a part, and median volumes in mL; of how many something else was drawn, as in the usual bed
    of a kidney that lies in the pelvis, and the share of these removed."""

    sides: int
    drawn: int
    removed: float
    removed_interval: tuple[float, float]
    flagged: float
    partial: float
    misdrawn: int
    misdrawn_removed: float
    median_truth_ml: float | None
    median_after_ml: float | None


def absent_figures(rows: Iterable[KidneyRow], rule: Rule) -> AbsentFigures:
    """The false kidneys among the sides without one."""
    absent = [row for row in rows if not row.present]
    before = [row.drawn_ml for row in absent]
    after = [_after_ml(row, rule) for row in absent]
    quiet = [outcome_of(row, rule) in QUIET and row.drawn_ml > LIMITS_ML[1] for row in absent]
    return AbsentFigures(
        sides=len(absent),
        before=_shares(before),
        after=_shares(after),
        unflagged=sum(quiet) / len(quiet) if quiet else 0.0,
        median_before_ml=_median(before),
        median_after_ml=_median(after),
    )


def present_figures(rows: Iterable[KidneyRow], rule: Rule) -> PresentFigures:
    """What the rule costs: real kidneys that it takes away or flags."""
    present = [row for row in rows if row.present]
    drawn = [row for row in present if row.real]
    elsewhere = [outcome_of(row, rule) for row in present if row.evidence is not None and not row.real]
    outcomes = [outcome_of(row, rule) for row in drawn]
    removed = outcomes.count(Outcome.REMOVED_FALSE_POSITIVE)
    return PresentFigures(
        sides=len(present),
        drawn=len(drawn),
        removed=_share(outcomes, Outcome.REMOVED_FALSE_POSITIVE),
        removed_interval=wilson(removed, len(drawn)),
        flagged=_share(outcomes, Outcome.PRESENT_UNCERTAIN),
        partial=_share(outcomes, Outcome.PARTIAL),
        misdrawn=len(elsewhere),
        misdrawn_removed=_share(elsewhere, Outcome.REMOVED_FALSE_POSITIVE),
        median_truth_ml=_median([row.truth_ml for row in present]),
        median_after_ml=_median([_after_ml(row, rule) for row in drawn]),
    )


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share; 0 to 1 of nothing."""
    if count == 0:
        return 0.0, 1.0
    share, z2 = hits / count, NORMAL_95**2
    middle = share + z2 / (2 * count)
    half = NORMAL_95 * sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, (middle - half) / (1 + z2 / count)), min(1.0, (middle + half) / (1 + z2 / count))


def calibration_curve(rows: Iterable[KidneyRow], model: PresenceModel, bins: int = 10) -> list[dict[str, float]]:
    """Per tenth of predicted probability: how many, the mean prediction, and the share that was real."""
    scored = [(model.probability(row.evidence.as_dict()), row.real) for row in rows if row.evidence is not None]
    curve = []
    for n in range(bins):
        held = [(p, real) for p, real in scored if n / bins <= p < (n + 1) / bins or (n == bins - 1 and p == 1.0)]
        if held:
            predicted, real = (float(np.mean(column)) for column in zip(*held, strict=True))
            curve.append({"n": len(held), "predicted": predicted, "real": real})
    return curve


def roc_area(rows: Sequence[KidneyRow], model: PresenceModel) -> tuple[float, float, float] | None:
    """Area under the ROC curve of real against false kidneys, with a 95 % interval from resampling whole cases.

    None where the rows hold only one kind.
    """
    drawn = [row for row in rows if row.evidence is not None]
    scores = np.array([model.probability(row.evidence.as_dict()) for row in drawn if row.evidence is not None])
    real = np.array([row.real for row in drawn], dtype=bool)
    area = _area(scores, real)
    if area is None:
        return None
    cases = sorted({row.case for row in drawn})
    members = {case: [n for n, row in enumerate(drawn) if row.case == case] for case in cases}
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(RESAMPLES):
        picked = [n for case in rng.choice(cases, len(cases)) for n in members[case]]
        again = _area(scores[picked], real[picked])
        if again is not None:
            areas.append(again)
    low, high = np.percentile(areas, (2.5, 97.5))
    return area, float(low), float(high)


def _area(scores: npt.NDArray[np.float64], real: npt.NDArray[np.bool_]) -> float | None:
    """The share of pairs of a real and a false kidney in which the real one scores higher, ties counting half."""
    positive, negative = scores[real], np.sort(scores[~real])
    if positive.size == 0 or negative.size == 0:
        return None
    below = np.searchsorted(negative, positive, "left")
    ties = np.searchsorted(negative, positive, "right") - below
    return float((below + 0.5 * ties).sum() / (positive.size * negative.size))


def _after_ml(row: KidneyRow, rule: Rule) -> float:
    return 0.0 if outcome_of(row, rule) is Outcome.REMOVED_FALSE_POSITIVE else row.drawn_ml


def _share(outcomes: Sequence[Outcome | None], wanted: Outcome) -> float:
    return outcomes.count(wanted) / len(outcomes) if outcomes else 0.0


def _shares(volumes_ml: Sequence[float]) -> tuple[float, ...]:
    return tuple(sum(ml > limit for ml in volumes_ml) / len(volumes_ml) if volumes_ml else 0.0 for limit in LIMITS_ML)


def _median(volumes_ml: Sequence[float]) -> float | None:
    drawn = [ml for ml in volumes_ml if ml > 0.0]
    return round(median(drawn), 2) if drawn else None
