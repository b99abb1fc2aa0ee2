"""The first kidney rule: what it takes away, what it never does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedcontour.postprocessing import Body, Candidate, Finding, VolumeForBodySize
from pedcontour.postprocessing.absence import removal_limit
from pedcontour.verdicts import Outcome
from tests.unit.postprocessing.torso import torso

IMAGE, LABELS = torso()
ORDER = [Outcome.REMOVED_FALSE_POSITIVE, Outcome.PRESENT_UNCERTAIN, Outcome.PRESENT]
RULE = VolumeForBodySize()
LEFT = "kidney_left"

volumes = st.floats(0.01, 300.0)
probabilities = st.floats(0.0, 1.0)
diameters = st.floats(90.0, 450.0)


def candidate(volume_ml: float, confidence: float | None, diameter_mm: float | None, organ: str = LEFT) -> Candidate:
    finding = Finding(organ, volume_ml, np.zeros(3), 100.0, 140.0, frozenset())
    return Candidate(finding, confidence, Body(diameter_mm, None), {}, LABELS, IMAGE)


def grade(volume_ml: float, confidence: float | None, diameter_mm: float | None, organ: str = LEFT) -> int:
    return ORDER.index(RULE(candidate(volume_ml, confidence, diameter_mm, organ)).outcome)


@pytest.mark.parametrize(
    ("age", "diameter_mm", "kidney_ml"),
    [("newborn", 112.0, 11.0), ("one year", 137.0, 25.0), ("six years", 170.0, 55.0), ("adult", 290.0, 150.0)],
)
def test_a_usual_kidney_of_every_age_stays_even_when_the_network_is_unsure(
    age: str, diameter_mm: float, kidney_ml: float
) -> None:
    assert RULE(candidate(kidney_ml, 0.5, diameter_mm)).outcome is Outcome.PRESENT


def test_half_a_kidney_stays() -> None:
    assert RULE(candidate(25.0, 0.7, 170.0)).outcome is Outcome.PRESENT


def test_a_small_kidney_that_the_network_is_sure_of_is_flagged_not_taken() -> None:
    assert RULE(candidate(4.0, 0.95, 170.0)).outcome is Outcome.PRESENT_UNCERTAIN


def test_a_scrap_goes() -> None:
    assert RULE(candidate(1.5, 0.6, 170.0)).outcome is Outcome.REMOVED_FALSE_POSITIVE


def test_nothing_is_removed_when_the_body_could_not_be_measured() -> None:
    assert RULE(candidate(0.1, 0.1, None)).outcome is Outcome.PRESENT_UNCERTAIN


def test_a_very_wide_body_does_not_raise_the_limit_without_end() -> None:
    assert RULE.expected_ml(450.0) == RULE.expected_ml(1000.0) == 150.0


@given(volumes, volumes, st.one_of(st.none(), probabilities), diameters)
def test_a_larger_volume_is_never_judged_worse(one: float, other: float, confidence: float | None, mm: float) -> None:
    small, large = sorted((one, other))
    assert grade(small, confidence, mm) <= grade(large, confidence, mm)


@given(volumes, probabilities, probabilities, diameters)
def test_a_surer_network_is_never_judged_worse(volume_ml: float, one: float, other: float, mm: float) -> None:
    unsure, sure = sorted((one, other))
    assert grade(volume_ml, unsure, mm) <= grade(volume_ml, sure, mm)


@given(volumes, probabilities, diameters)
def test_left_and_right_are_judged_alike(volume_ml: float, confidence: float, mm: float) -> None:
    assert grade(volume_ml, confidence, mm, "kidney_left") == grade(volume_ml, confidence, mm, "kidney_right")


@given(st.one_of(st.none(), probabilities))
def test_the_limit_stays_within_its_two_ends(confidence: float | None) -> None:
    assert 0.06 <= removal_limit(confidence) <= 0.16
