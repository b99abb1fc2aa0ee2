"""The calibrated rule: what it removes, what it flags, what it says."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.bundle.presence import PresenceModel, Term
from pedcontour.errors import ModelError
from pedcontour.organs import all_organs
from pedcontour.postprocessing import CalibratedPresence, VolumeForBodySize, Wishes, judge, rules_of
from pedcontour.postprocessing.evidence import EVIDENCE, Evidence
from pedcontour.postprocessing.presence import WORDS
from pedcontour.verdicts import Outcome
from tests.unit.postprocessing.evidence.scenes import Scene, scenes
from tests.unit.postprocessing.torso import k_of, painted, sure_of, torso

MODEL = PresenceModel(
    organs=("kidney_left", "kidney_right"),
    intercept=3.0,
    terms=(
        Term("volume_ratio", (0.02, 0.1, 0.3, 1.0), (-12.0, -7.0, -3.6, 0.0)),
        Term("probability", (0.5, 1.0), (-4.0, 1.0)),
        Term("level", (-4.0, 0.0, 4.0), (-2.0, 0.0, -2.0)),
    ),
    remove_below=0.05,
    present_from=0.7,
)
RULE = CalibratedPresence(MODEL)
IMAGE, LABELS = torso()
ORDER = [Outcome.REMOVED_FALSE_POSITIVE, Outcome.PRESENT_UNCERTAIN, Outcome.PARTIAL, Outcome.PRESENT]


def test_a_usual_kidney_passes_and_a_misplaced_scrap_goes_with_reasons() -> None:
    assert RULE.judge("kidney_left", 50.0, Evidence(volume_ratio=1.0, probability=0.95, level=0.1)).outcome is (
        Outcome.PRESENT
    )
    gone = RULE.judge("kidney_left", 1.0, Evidence(volume_ratio=0.02, probability=0.6, level=4.0))
    assert gone.outcome is Outcome.REMOVED_FALSE_POSITIVE
    assert "1.0 mL" in gone.reason
    assert "0.02 times the volume usual" in gone.reason and "+4.0 vertebral levels" in gone.reason
    assert "was removed" in gone.sentence and "Look there" in gone.sentence


def test_a_small_kidney_beside_a_large_one_is_told_to_be_a_part() -> None:
    def outcome(volume_ratio: float, other_ratio: float | None) -> Outcome:
        evidence = Evidence(volume_ratio=volume_ratio, other_ratio=other_ratio, probability=0.97, level=0.0)
        return RULE.judge("kidney_left", 20.0, evidence).outcome

    assert outcome(0.6, 0.4) is outcome(0.6, None) is Outcome.PARTIAL
    assert outcome(0.6, 0.9) is outcome(1.0, 0.4) is Outcome.PRESENT
    reason = RULE.judge("kidney_left", 20.0, Evidence(volume_ratio=0.6, probability=0.97, level=0.0)).reason
    assert "a part of one" in reason and "0.60 times the volume usual" in reason and "was kept" in reason


def test_what_passes_only_because_the_images_cut_it_is_flagged() -> None:
    rule = CalibratedPresence(replace(MODEL, terms=(*MODEL.terms, Term("border_share", (0.0, 1.0), (0.0, 6.0)))))
    small = Evidence(volume_ratio=0.3, probability=0.95, level=0.0)
    assert rule.outcome(small)[0] is Outcome.PRESENT_UNCERTAIN
    assert rule.outcome(replace(small, border_share=1.0))[0] is Outcome.PRESENT_UNCERTAIN
    assert rule.outcome(replace(small, volume_ratio=1.0, border_share=1.0))[0] is Outcome.PRESENT


def test_what_is_in_doubt_is_kept_and_flagged() -> None:
    doubtful = RULE.judge("kidney_right", 9.0, Evidence(volume_ratio=0.3, probability=0.9, level=0.0))
    assert doubtful.outcome is Outcome.PRESENT_UNCERTAIN and "please look" in doubtful.reason


def test_nothing_is_removed_without_a_measured_body() -> None:
    assert RULE.outcome(Evidence(probability=0.0, level=9.0))[0] is Outcome.PRESENT_UNCERTAIN


@given(st.floats(0, 3), st.floats(0, 3), st.floats(0, 1), st.floats(0, 1), st.floats(-9, 9))
def test_the_outcome_never_falls_when_volume_or_probability_rises(volume, larger, sure, surer, level) -> None:
    volume, larger = sorted((volume, larger))
    sure, surer = sorted((sure, surer))
    grades = [
        ORDER.index(RULE.outcome(Evidence(volume_ratio=v, probability=p, level=level))[0])
        for v, p in ((volume, sure), (larger, surer))
    ]
    assert grades == sorted(grades)


@settings(deadline=None, max_examples=40)
@given(scenes())
def test_it_gives_a_judgement_of_every_mask(scene: Scene) -> None:
    for organ in ("kidney_left", "kidney_right"):
        assert RULE(scene.candidate(organ)).outcome in ORDER


def test_every_piece_of_evidence_has_words() -> None:
    assert set(WORDS) == set(EVIDENCE)
    assert all(words.format(1.5) for words in WORDS.values())


def test_a_model_that_weighs_what_nobody_measures_is_refused() -> None:
    with pytest.raises(ModelError, match="mood"):
        CalibratedPresence(replace(MODEL, terms=(Term("mood", (0.0, 1.0), (0.0, 1.0)),)))


def test_a_network_without_a_filter_keeps_the_rule_of_volume() -> None:
    assert all(isinstance(rule, VolumeForBodySize) for rule in rules_of(None).values())
    calibrated = rules_of(replace(MODEL, organs=("kidney_left",)))
    assert isinstance(calibrated["kidney_left"], CalibratedPresence)
    assert isinstance(calibrated["kidney_right"], VolumeForBodySize)


def test_within_a_job_it_removes_the_scrap_and_keeps_the_kidney() -> None:
    bare = torso(without=frozenset({"kidney_left"}))[1]
    labels = painted(bare, "kidney_left", (slice(k_of(13.6), k_of(13.4)), slice(30, 32), slice(37, 39)))
    judged = judge(labels, sure_of(labels, 0.6), IMAGE, Wishes(), rules_of(MODEL))
    outcomes = {verdict.organ: verdict.outcome for verdict in judged.verdicts}
    assert outcomes["kidney_left"] is Outcome.REMOVED_FALSE_POSITIVE
    assert outcomes["kidney_right"] in (Outcome.PRESENT, Outcome.PRESENT_UNCERTAIN)
    assert any(warning.startswith("REMOVED_FALSE_POSITIVE: ") for warning in judged.warnings)
    assert set(all_organs()) >= set(outcomes)


def test_a_declared_absence_wins_over_it() -> None:
    judged = judge(LABELS, sure_of(LABELS), IMAGE, Wishes(absent=frozenset({"kidney_left"})), rules_of(MODEL))
    outcomes = {verdict.organ: verdict.outcome for verdict in judged.verdicts}
    assert outcomes["kidney_left"] is Outcome.ABSENT_DECLARED
