"""What the fit learns, and what it cannot be made to learn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pedcontour.bundle.presence import RISING, read_presence
from pedcontour.calibration.costs import Costs
from pedcontour.calibration.figures import roc_area
from pedcontour.calibration.fit import WEIGHED, Recipe, fit_presence
from pedcontour.postprocessing import CalibratedPresence
from pedcontour.postprocessing.evidence import EVIDENCE
from tests.unit.calibration.made_rows import made_rows

ROWS = made_rows(240)
MODEL = fit_presence(ROWS)


def test_it_tells_real_from_false_kidneys_that_it_has_not_seen() -> None:
    area, low, high = roc_area(made_rows(150, seed=7), MODEL)
    assert low <= area <= high
    assert area > 0.95


def test_its_probabilities_are_what_happens() -> None:
    fresh = [row for row in made_rows(600, seed=3) if row.evidence]
    predicted = np.array([MODEL.probability(row.evidence.as_dict()) for row in fresh])
    assert predicted.mean() == pytest.approx(np.mean([row.real for row in fresh]), abs=0.03)


def test_it_can_be_written_read_and_used() -> None:
    assert read_presence(MODEL.as_document()) == MODEL
    CalibratedPresence(MODEL)


def test_evidence_that_would_have_to_fall_is_left_at_nothing() -> None:
    """Rows in which larger and surer is false: the curves stay level."""
    perverse = [
        row if row.evidence is None else replace(
            row, evidence=replace(row.evidence, volume_ratio=1.0 / row.evidence.volume_ratio,
                                  probability=1.0 - row.evidence.probability))
        for row in ROWS
    ]  # fmt: skip
    curves = {term.evidence: term.adds for term in fit_presence(perverse).terms}
    assert all(np.ptp(curves[name]) == 0.0 for name in RISING & curves.keys())
    assert all(min(np.diff(term.adds)) >= 0.0 for term in MODEL.terms if term.evidence in RISING)


def test_what_lies_too_far_on_either_side_is_learned() -> None:
    """Real kidneys lie at one level; false ones above and below it."""
    level = next(term for term in MODEL.terms if term.evidence == "level")
    assert max(level.adds) > level.adds[0] and max(level.adds) > level.adds[-1]


def test_curves_say_nothing_of_the_mean_real_kidney() -> None:
    real = [row.evidence.as_dict() for row in ROWS if row.evidence and row.real]
    for term in MODEL.terms:
        assert np.mean([term.log_odds(evidence[term.evidence]) for evidence in real]) == pytest.approx(0.0, abs=1e-9)


def test_the_same_rows_give_the_same_model() -> None:
    assert fit_presence(ROWS) == MODEL


def test_evidence_that_is_left_out_or_unknown_has_no_term() -> None:
    names = {term.evidence for term in fit_presence(ROWS, Recipe(without=frozenset({"level"}))).terms}
    assert "level" not in names and "texture" not in names and "volume_ratio" in names
    assert set(EVIDENCE) >= WEIGHED


def test_too_few_false_kidneys_are_refused() -> None:
    with pytest.raises(ValueError, match="false kidneys are needed"):
        fit_presence([row for row in ROWS if row.present])


def test_dearer_mistakes_remove_less() -> None:
    careful, bold = Costs(removed_present=100.0).thresholds(), Costs(removed_present=5.0).thresholds()
    assert careful[0] < bold[0] < bold[1] == careful[1]


@pytest.mark.parametrize("costs", [{"look": 0.0}, {"look": 0.6}, {"removed_present": float("inf")}])
def test_costs_that_make_no_sense_are_refused(costs) -> None:
    with pytest.raises(ValueError, match="cost"):
        Costs(**costs)


def test_at_a_threshold_both_choices_cost_the_same() -> None:
    costs = Costs(removed_present=30.0, kept_absent=2.0, flagged_absent=1.0, look=0.2)
    remove_below, present_from = costs.thresholds()
    assert remove_below * 30.0 == pytest.approx(0.2 + (1 - remove_below) * 1.0)
    assert (1 - present_from) * 2.0 == pytest.approx(0.2 + (1 - present_from) * 1.0)


COST = st.floats(0.01, 100.0)


@given(COST, COST, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
@example(1.0, 1.0, 0.5, 0.8)
def test_no_other_choice_is_ever_expected_to_cost_less(removed, kept, flagged_share, look_share) -> None:
    costs = Costs(removed, kept, kept * flagged_share, kept * (1.0 - flagged_share) * look_share)
    remove_below, present_from = costs.thresholds()
    assert 0.0 < remove_below <= present_from < 1.0
    for p in np.linspace(0.0, 1.0, 101):
        expected = {
            "remove": p * removed,
            "flag": costs.look + (1.0 - p) * costs.flagged_absent,
            "pass": (1.0 - p) * kept,
        }
        chosen = "remove" if p < remove_below else "pass" if p >= present_from else "flag"
        assert expected[chosen] <= min(expected.values()) * (1.0 + 1e-9) + 1e-9


def test_where_a_flag_never_pays_removing_gives_way_to_passing() -> None:
    assert Costs(1.0, 1.0, 0.5, 0.4).thresholds() == (0.5, 0.5)


def test_the_page_states_the_thresholds_of_the_default_costs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "kidneys.md").read_text("utf-8")
    remove_below, present_from = Costs().thresholds()
    assert f"below a probability of about {remove_below:.0%} ".replace("%", " %") in page
    assert f"from {present_from:.0%} on".replace("%", " %") in page
