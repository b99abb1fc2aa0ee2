"""The figures of the absence filter, on rows whose answer can be counted by hand."""

from dataclasses import replace

import pytest

from pedcontour.calibration.figures import (
    absent_figures,
    by_volume,
    calibrated,
    calibration_curve,
    outcome_of,
    present_figures,
    roc_area,
    wilson,
)
from pedcontour.calibration.fit import fit_presence
from pedcontour.calibration.rows import KidneyRow
from pedcontour.postprocessing.evidence import Evidence
from pedcontour.verdicts import Outcome
from tests.unit.calibration.made_rows import made_rows

MODEL = fit_presence(made_rows(240))


def remove_small(evidence: Evidence) -> Outcome:
    small = evidence.volume_ratio is not None and evidence.volume_ratio < 0.1
    return Outcome.REMOVED_FALSE_POSITIVE if small else Outcome.PRESENT


def absent(drawn_ml: float, border: float = 0.0) -> KidneyRow:
    evidence = Evidence(volume_ratio=drawn_ml / 50.0, border_share=border) if drawn_ml else None
    return KidneyRow("a", "fit", "absent/fat", "kidney_left", 0.0, drawn_ml, 0.0, evidence)


def present(drawn_ml: float, overlap_ml: float) -> KidneyRow:
    evidence = Evidence(volume_ratio=drawn_ml / 50.0, border_share=0.0) if drawn_ml else None
    return KidneyRow("b", "fit", "usual", "kidney_left", 50.0, drawn_ml, overlap_ml, evidence)


def test_false_kidneys_are_counted_before_and_after() -> None:
    figures = absent_figures([absent(0.0), absent(0.5), absent(2.0), absent(9.0), present(50.0, 49.0)], remove_small)
    assert figures.sides == 4
    assert figures.before == (0.75, 0.5, 0.25)
    assert figures.after == (0.25, 0.25, 0.25)
    assert (figures.median_before_ml, figures.median_after_ml) == (2.0, 9.0)


def test_real_kidneys_that_are_taken_away_are_the_price() -> None:
    rows = [present(50.0, 49.0), present(3.0, 3.0), present(0.0, 0.0), present(40.0, 0.0), absent(1.0)]
    figures = present_figures(rows, remove_small)
    assert (figures.sides, figures.drawn) == (4, 2)
    assert figures.removed == 0.5
    assert figures.removed_interval[0] < 0.5 < figures.removed_interval[1]


def test_what_was_drawn_elsewhere_than_the_kidney_is_told_apart_from_it() -> None:
    figures = present_figures([present(50.0, 49.0), present(40.0, 0.0), present(3.0, 0.0)], remove_small)
    assert (figures.drawn, figures.misdrawn, figures.misdrawn_removed) == (1, 2, 0.5)


def test_what_a_border_cuts_is_not_removed_unless_it_is_a_scrap() -> None:
    assert outcome_of(absent(2.0, border=1.0), remove_small) is Outcome.PRESENT_UNCERTAIN
    assert outcome_of(absent(0.1, border=1.0), remove_small) is Outcome.REMOVED_FALSE_POSITIVE
    assert outcome_of(absent(0.0), remove_small) is None


def test_the_first_rule_can_be_judged_on_rows_too() -> None:
    assert by_volume(Evidence(volume_ratio=0.01, probability=0.9)) is Outcome.REMOVED_FALSE_POSITIVE
    assert by_volume(Evidence(volume_ratio=1.0, probability=0.9)) is Outcome.PRESENT
    assert by_volume(Evidence(probability=0.9)) is Outcome.PRESENT_UNCERTAIN


def test_a_fitted_filter_takes_false_kidneys_and_leaves_real_ones() -> None:
    rows = made_rows(300, seed=11)
    before = absent_figures(rows, lambda _: Outcome.PRESENT)
    after = absent_figures(rows, calibrated(MODEL))
    assert after.after[1] < 0.5 * before.after[1]
    assert present_figures(rows, calibrated(MODEL)).removed < 0.02


def test_the_wilson_interval_is_the_textbook_one() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(5, 50) == pytest.approx((0.0435, 0.2136), abs=1e-3)


def test_the_curve_of_calibration_covers_every_drawn_kidney_once() -> None:
    rows = made_rows(90)
    curve = calibration_curve(rows, MODEL)
    assert sum(point["n"] for point in curve) == sum(row.evidence is not None for row in rows)
    assert all(0.0 <= point["real"] <= 1.0 for point in curve)


def test_without_false_kidneys_there_is_no_curve() -> None:
    assert roc_area([row for row in made_rows(30) if row.present], MODEL) is None
    swapped = [replace(row, truth_ml=0.0, overlap_ml=0.0) for row in made_rows(30)]
    assert roc_area(swapped, MODEL) is None
