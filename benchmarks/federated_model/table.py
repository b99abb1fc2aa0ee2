"""From the figures of single patients to rows: every arm's on both tests, differences between arms, and the claim."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.federated_model.arms import ARMS, FEDERATED, TESTS, Arm, Test
from benchmarks.federated_model.certainty import Statistic, holm, interval, wilcoxon
from benchmarks.federated_model.judging import EVALUATED, Figures
from pedcontour.metrics import Agreement, Case

METRICS: Mapping[str, Statistic] = {"dsc": np.mean, "hd95_mm": np.median, "msd_mm": np.median}
"""How patients' figures are summed up: distances by the median, which no single stray voxel moves."""

ORGANS_TARGET = 7
HOME_LOSS_TARGET = 0.005
"""The study's claim (arXiv:2605.06820): across centres the federated model is at least as good as the local one for
seven of nine organs, and at home never worse by more, in DSC."""

GAIN_DECIMALS = 6
"""Of a difference of mean DSC: what a sum of floats leaves behind decides nothing."""

Row = dict[str, Any]


def rows_of(figures: Mapping[str, Figures]) -> list[Row]:
    """Every row, the claim's first."""
    table = [row for test in TESTS for arm in ARMS for row in _figures(test, arm, figures[test.name])]
    table += [
        row for test in TESTS for arm in ARMS if arm != FEDERATED for row in _differences(test, arm, figures[test.name])
    ]
    return [*claim(figures), *table]


def claim(figures: Mapping[str, Figures]) -> list[Row]:
    """Whether the claim of the study is met: across centres in both directions, and at both homes."""
    rows = [_across(test, _gains(figures[test.name], test.away)) for test in TESTS]
    rows += [_at_home(test, _gains(figures[test.name], test.home)) for test in TESTS]
    whole = all(row["met"] for row in rows)
    return [{"name": "claim/whole", "unit": "parts met", "ours": sum(row["met"] for row in rows), "met": whole}, *rows]


def _gains(figures: Figures, local: Arm) -> dict[str, float]:
    """Mean DSC of the federated model less a local one's, by organ that some patient has."""
    pairs = {organ: [_known(_of(figures, arm, organ), "dsc") for arm in (FEDERATED, local)] for organ in EVALUATED}
    return {
        organ: round(float(np.mean(ours) - np.mean(theirs)), GAIN_DECIMALS)
        for organ, (ours, theirs) in pairs.items()
        if ours and theirs
    }


def _across(test: Test, gains: Mapping[str, float]) -> Row:
    worse = {organ: gain for organ, gain in gains.items() if gain < 0}
    count = len(gains) - len(worse)
    return {
        "name": f"claim/{test.name}, federated and {test.away.title}",
        "unit": f"of {len(gains)} organs where federated >= {test.away.title}",
        "ours": count,
        "target": f">= {ORGANS_TARGET}",
        "met": count >= ORGANS_TARGET,
        "worse": worse,
    }


def _at_home(test: Test, gains: Mapping[str, float]) -> Row:
    loss = max((-gain for gain in gains.values()), default=float("inf"))
    return {
        "name": f"claim/{test.name}, federated and {test.home.title}",
        "unit": "largest loss of DSC at home",
        "ours": loss,
        "target": f"<= {HOME_LOSS_TARGET}",
        "met": loss <= HOME_LOSS_TARGET,
        "worse": {organ: gain for organ, gain in gains.items() if -gain > HOME_LOSS_TARGET},
    }


def _figures(test: Test, arm: Arm, figures: Figures) -> list[Row]:
    return [_row(_name(test, arm, organ), _of(figures, arm, organ)) for organ in EVALUATED]


def _row(name: str, found: Sequence[Agreement]) -> Row:
    row: Row = {"name": name, "unit": "DSC"}
    for metric, statistic in METRICS.items():
        known = _known(found, metric)
        ours, ends = (float(statistic(known)) if known else None), interval(known, statistic)
        row |= {metric: _rounded(ours), f"{metric}_interval": ends and [_rounded(end) for end in ends]}
    row["ours"], row["n"] = row["dsc"], len(_known(found, "dsc"))
    drawn_elsewhere = [one.prediction_ml for one in found if one.case is Case.FALSE_POSITIVE]
    row |= {
        "missed": sum(one.case is Case.MISSED for one in found),
        "absent": sum(one.dsc is None for one in found),
        "false_positives": len(drawn_elsewhere),
        "false_positive_ml": _rounded(float(np.median(drawn_elsewhere))) if drawn_elsewhere else None,
    }
    return row


def _differences(test: Test, other: Arm, figures: Figures) -> list[Row]:
    """Federated less another arm, patient by patient; p of each metric is corrected over the organs."""
    pairs = {
        organ: list(zip(_of(figures, FEDERATED, organ), _of(figures, other, organ), strict=True)) for organ in EVALUATED
    }
    found = {metric: {organ: _paired(pairs[organ], metric) for organ in EVALUATED} for metric in METRICS}
    ps = {metric: holm({organ: wilcoxon(ours) for organ, ours in by.items()}) for metric, by in found.items()}
    return [
        {
            "name": f"{test.name}/federated - {other.name}/{organ}",
            "unit": "difference of DSC",
            "n": len(found["dsc"][organ]),
            "ours": _rounded(float(np.mean(found["dsc"][organ]))) if found["dsc"][organ] else None,
            "interval": _rounded_ends(interval(found["dsc"][organ], np.mean)),
            "p_holm": {metric: _significant(ps[metric][organ]) for metric in METRICS},
        }
        for organ in EVALUATED
    ]


def _of(figures: Figures, arm: Arm, organ: str) -> list[Agreement]:
    return [patient[organ] for patient in figures[arm.name]]


def _paired(pairs: Sequence[tuple[Agreement, Agreement]], metric: str) -> list[float]:
    """Differences of those patients in whom both arms have the figure: a missed organ has no distance."""
    both = ((getattr(ours, metric), getattr(theirs, metric)) for ours, theirs in pairs)
    return [ours - theirs for ours, theirs in both if ours is not None and theirs is not None]


def _known(found: Sequence[Agreement], metric: str) -> list[float]:
    return [value for one in found if (value := getattr(one, metric)) is not None]


def _name(test: Test, arm: Arm, organ: str) -> str:
    return f"{test.name}/{arm.name}/{organ}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _rounded_ends(ends: tuple[float, float] | None) -> list[float | None] | None:
    return None if ends is None else [_rounded(end) for end in ends]


def _significant(p: float | None) -> float | None:
    return None if p is None else float(f"{p:.2g}")
