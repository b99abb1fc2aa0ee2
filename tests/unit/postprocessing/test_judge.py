"""A verdict for every organ, whatever happened to it."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pedcontour.orientation import AxisChange
from pedcontour.postprocessing import Candidate, Judged, Judgement, Wishes, judge
from pedcontour.verdicts import DRAWN, Outcome, Verdict
from pedcontour.volume import Grid, LabelMap, Volume
from tests.unit.postprocessing.torso import cut, k_of, painted, sure_of, torso

EVERYTHING = Wishes()
SCRAP = (slice(k_of(14.2), k_of(13.6)), slice(28, 30), slice(37, 39))
"""A few millilitres in the empty bed of the left kidney."""
STRAY = (slice(0, 1), slice(30, 31), slice(38, 39))
"""One voxel in the image nearest the feet."""


def verdicts(judged: Judged) -> dict[str, Verdict]:
    return {verdict.organ: verdict for verdict in judged.verdicts}


def judged_torso(wishes: Wishes = EVERYTHING, without: frozenset[str] = frozenset()) -> Judged:
    image, labels = torso(without)
    return judge(labels, sure_of(labels), image, wishes)


def test_every_organ_of_the_model_has_exactly_one_verdict() -> None:
    judged = judged_torso()
    assert [v.organ for v in judged.verdicts] == list(torso()[1].organs.values())


def test_whole_organs_are_present_with_their_volume_and_confidence() -> None:
    liver = verdicts(judged_torso())["liver"]
    _, labels = torso()
    assert liver.outcome is Outcome.PRESENT
    assert liver.volume_ml == liver.volume_before_ml == pytest.approx(labels.volume_ml("liver"))
    assert liver.confidence == 0.95


def test_an_organ_that_was_not_asked_for_is_left_out_and_said_so() -> None:
    judged = judged_torso(Wishes(structures=frozenset({"liver"})))
    assert judged.drawn == ("liver",)
    assert verdicts(judged)["spleen"].outcome is Outcome.NOT_REQUESTED
    assert set(np.unique(judged.labels.voxels)) == {0, judged.labels.label_of("liver")}


def test_an_organ_declared_absent_is_removed_and_a_large_sure_one_is_a_loud_warning() -> None:
    judged = judged_torso(Wishes(absent=frozenset({"kidney_left"})))
    kidney = verdicts(judged)["kidney_left"]
    assert kidney.outcome is Outcome.ABSENT_DECLARED
    assert kidney.volume_before_ml > 30 and kidney.volume_ml == 0.0
    assert not judged.labels.mask("kidney_left").any()
    assert any(w.startswith("DECLARED_ABSENT_BUT_SEEN") for w in judged.warnings)


def test_an_organ_declared_absent_of_which_nothing_was_drawn_is_no_warning() -> None:
    judged = judged_torso(Wishes(absent=frozenset({"kidney_left"})), without=frozenset({"kidney_left"}))
    assert verdicts(judged)["kidney_left"].outcome is Outcome.ABSENT_DECLARED
    assert not any("kidney" in w.lower() for w in judged.warnings)


def test_an_organ_declared_absent_has_a_verdict_even_when_the_model_does_not_know_it() -> None:
    image, labels = torso()
    smaller = LabelMap(labels.grid, labels.voxels, {n: o for n, o in labels.organs.items() if o != "gallbladder"})
    judged = judge(smaller, sure_of(smaller), image, Wishes(absent=frozenset({"gallbladder"})))
    assert verdicts(judged)["gallbladder"].outcome is Outcome.ABSENT_DECLARED


def test_an_organ_at_the_end_of_the_stack_is_truncated_not_present() -> None:
    image, labels = cut(*torso(), upper=9.0, lower=14.0)
    found = verdicts(judge(labels, sure_of(labels), image, EVERYTHING))
    assert found["liver"].outcome is Outcome.TRUNCATED_BY_FIELD_OF_VIEW
    assert "nearest the feet" in found["liver"].reason and "head" not in found["liver"].reason
    assert found["spleen"].outcome is Outcome.PRESENT


def test_an_organ_at_the_border_of_the_reconstruction_is_truncated() -> None:
    image, labels = torso()
    flank = (slice(k_of(13), k_of(11)), slice(22, 30), slice(47, 60))
    labels = painted(labels, "spleen", flank)
    image.voxels[flank] = 20  # a body wider than the reconstruction
    spleen = verdicts(judge(labels, sure_of(labels), image, EVERYTHING))["spleen"]
    assert spleen.outcome is Outcome.TRUNCATED_BY_FIELD_OF_VIEW
    assert "left border" in spleen.reason


def test_a_kidney_that_was_not_drawn_in_full_view_is_detected_absent() -> None:
    judged = judged_torso(without=frozenset({"kidney_left"}))
    kidney = verdicts(judged)["kidney_left"]
    assert (kidney.outcome, kidney.confidence) == (Outcome.ABSENT_DETECTED, None)
    assert "not declared absent" in kidney.reason
    assert f"ABSENT_DETECTED: {kidney.reason}" in judged.warnings


@pytest.mark.parametrize("organ", ["spleen", "gallbladder"])
def test_any_organ_that_may_be_absent_is_a_warning_when_it_was_not_drawn_and_not_declared(organ: str) -> None:
    judged = judged_torso(without=frozenset({organ}))
    assert verdicts(judged)[organ].outcome is Outcome.ABSENT_DETECTED
    assert any(w.startswith("ABSENT_DETECTED") and organ in w.lower() for w in judged.warnings)


def test_an_organ_that_was_not_drawn_and_not_asked_for_is_no_warning() -> None:
    judged = judged_torso(Wishes(structures=frozenset({"liver"})), without=frozenset({"kidney_left"}))
    assert judged.warnings == ()


def test_two_kidneys_that_were_not_drawn_are_a_failure_of_the_network_not_surgery() -> None:
    judged = judged_torso(without=frozenset({"kidney_left", "kidney_right"}))
    for organ, name in (("kidney_left", "Left kidney"), ("kidney_right", "Right kidney")):
        assert verdicts(judged)[organ].outcome is Outcome.FAILED
        assert any(w.startswith(f"FAILED: {name}") and "other side" in w for w in judged.warnings)


def test_a_kidney_that_was_not_drawn_beside_one_declared_absent_is_a_failure() -> None:
    judged = judged_torso(Wishes(absent=frozenset({"kidney_right"})), without=frozenset({"kidney_left"}))
    assert verdicts(judged)["kidney_left"].outcome is Outcome.FAILED


def test_a_kidney_that_was_not_drawn_beside_a_removed_scrap_is_a_failure() -> None:
    image, labels = torso(without=frozenset({"kidney_left", "kidney_right"}))
    labels = painted(labels, "kidney_left", SCRAP)
    found = verdicts(judge(labels, sure_of(labels, 0.55), image, EVERYTHING))
    assert found["kidney_left"].outcome is Outcome.REMOVED_FALSE_POSITIVE
    assert found["kidney_right"].outcome is Outcome.FAILED


def test_a_kidney_that_was_not_drawn_beside_one_that_was_not_asked_for_is_detected_absent() -> None:
    judged = judged_torso(Wishes(structures=frozenset({"kidney_left"})), without=frozenset({"kidney_left"}))
    assert verdicts(judged)["kidney_left"].outcome is Outcome.ABSENT_DETECTED


def test_a_model_that_draws_one_kidney_only_can_find_it_absent() -> None:
    image, labels = torso(without=frozenset({"kidney_left", "kidney_right"}))
    one_sided = LabelMap(labels.grid, labels.voxels, {n: o for n, o in labels.organs.items() if o != "kidney_right"})
    found = verdicts(judge(one_sided, sure_of(one_sided), image, EVERYTHING))
    assert found["kidney_left"].outcome is Outcome.ABSENT_DETECTED


def test_an_organ_that_cannot_be_absent_and_was_not_drawn_in_full_view_is_a_failure() -> None:
    judged = judged_torso(without=frozenset({"pancreas"}))
    assert verdicts(judged)["pancreas"].outcome is Outcome.FAILED
    assert any(w.startswith("FAILED") for w in judged.warnings)


def test_organs_outside_the_images_are_told_from_missed_ones_by_their_neighbours() -> None:
    image, labels = cut(*torso(), upper=1.5, lower=9.8)
    found = verdicts(judge(labels, sure_of(labels), image, EVERYTHING))
    assert found["kidney_left"].outcome is Outcome.NOT_IN_FIELD_OF_VIEW
    assert found["pancreas"].outcome is Outcome.NOT_IN_FIELD_OF_VIEW
    image, labels = cut(*torso(), upper=12.0, lower=20.0)
    assert verdicts(judge(labels, sure_of(labels), image, EVERYTHING))["heart"].outcome is Outcome.NOT_IN_FIELD_OF_VIEW


def test_a_network_that_draws_nothing_at_all_has_failed() -> None:
    image, labels = torso()
    nothing = LabelMap(labels.grid, np.zeros_like(labels.voxels), labels.organs)
    judged = judge(nothing, {}, image, EVERYTHING)
    assert {v.outcome for v in judged.verdicts} == {Outcome.FAILED}
    assert judged.drawn == ()


def test_a_scrap_in_the_empty_bed_is_removed_and_the_report_says_how_much_and_why() -> None:
    image, labels = torso(without=frozenset({"kidney_left"}))
    labels = painted(labels, "kidney_left", SCRAP)
    judged = judge(labels, sure_of(labels, 0.55), image, EVERYTHING)
    scrap = verdicts(judged)["kidney_left"]
    assert scrap.outcome is Outcome.REMOVED_FALSE_POSITIVE
    assert scrap.volume_before_ml == pytest.approx(labels.volume_ml("kidney_left"), abs=0.01)
    assert (scrap.volume_ml, scrap.confidence) == (0.0, 0.55)
    assert f"{scrap.volume_before_ml:.1f} mL" in scrap.reason and "0.55" in scrap.reason
    assert any(w.startswith("REMOVED_FALSE_POSITIVE") for w in judged.warnings)


@pytest.mark.parametrize("probability", [0.3, 0.95])
def test_a_real_kidney_cut_by_the_end_of_the_stack_stays_however_unsure_the_network_is(probability: float) -> None:
    image, labels = cut(*torso(), upper=13.6, lower=20.0)
    judged = judge(labels, sure_of(labels, probability), image, EVERYTHING)
    kidney = verdicts(judged)["kidney_left"]
    assert kidney.outcome is Outcome.TRUNCATED_BY_FIELD_OF_VIEW
    assert kidney.volume_ml == kidney.volume_before_ml > 10
    assert not any("Left kidney" in warning for warning in judged.warnings)


def test_the_small_end_of_a_cut_kidney_stays_with_a_warning() -> None:
    image, labels = cut(*torso(), upper=15.0, lower=20.0)
    judged = judge(labels, sure_of(labels, 0.3), image, EVERYTHING)
    kidney = verdicts(judged)["kidney_left"]
    assert kidney.outcome is Outcome.PRESENT_UNCERTAIN
    assert 0 < kidney.volume_ml < 10
    assert "nearest the head" in kidney.reason and f"{kidney.volume_ml:.1f} mL" in kidney.reason
    assert f"PRESENT_UNCERTAIN: {kidney.reason}" in judged.warnings


def test_no_rule_can_take_away_a_kidney_of_some_size_that_the_images_cut() -> None:
    image, labels = cut(*torso(), upper=13.6, lower=20.0)
    judged = judge(
        labels,
        sure_of(labels),
        image,
        EVERYTHING,
        {"kidney_left": lambda candidate: Judgement(Outcome.REMOVED_FALSE_POSITIVE, "A rule of the test.")},
    )
    assert verdicts(judged)["kidney_left"].outcome is Outcome.PRESENT_UNCERTAIN
    assert any(warning.startswith("PRESENT_UNCERTAIN: Left kidney") for warning in judged.warnings)


def test_a_stray_voxel_in_the_first_slice_does_not_shield_a_scrap_in_the_empty_bed() -> None:
    image, labels = torso(without=frozenset({"kidney_left"}))
    labels = painted(painted(labels, "kidney_left", SCRAP), "kidney_left", STRAY)
    judged = judge(labels, sure_of(labels, 0.35), image, EVERYTHING)
    kidney = verdicts(judged)["kidney_left"]
    assert (kidney.outcome, kidney.volume_ml) == (Outcome.REMOVED_FALSE_POSITIVE, 0.0)
    assert kidney.volume_before_ml == pytest.approx(labels.volume_ml("kidney_left"))
    assert any(w.startswith("REMOVED_FALSE_POSITIVE") for w in judged.warnings)


def test_a_lone_voxel_at_a_border_is_no_kidney() -> None:
    image, labels = torso(without=frozenset({"kidney_left"}))
    labels = painted(labels, "kidney_left", STRAY)
    judged = judge(labels, sure_of(labels, 0.99), image, EVERYTHING)
    kidney = verdicts(judged)["kidney_left"]
    assert kidney.outcome is Outcome.REMOVED_FALSE_POSITIVE and "nearest the feet" in kidney.reason
    assert any(w.startswith("REMOVED_FALSE_POSITIVE") for w in judged.warnings)


def test_a_whole_kidney_with_a_stray_part_at_a_border_is_not_called_cut() -> None:
    image, labels = torso()
    labels = painted(labels, "kidney_left", (slice(0, 1), slice(30, 32), slice(37, 39)))
    assert verdicts(judge(labels, sure_of(labels), image, EVERYTHING))["kidney_left"].outcome is Outcome.PRESENT


def test_a_speck_at_a_border_does_not_make_an_organ_truncated() -> None:
    image, labels = torso()
    labels = painted(labels, "spleen", STRAY)
    spleen = verdicts(judge(labels, sure_of(labels), image, EVERYTHING))["spleen"]
    assert spleen.outcome is Outcome.PRESENT and "specks" in spleen.reason


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 3)),
    st.booleans(),
    st.sampled_from([0.3, 0.7, 0.99]),
)
def test_less_than_a_tenth_of_a_kidney_is_never_drawn_silently_wherever_it_lies(
    size: tuple[int, int, int], at_border: bool, probability: float
) -> None:
    image, labels = torso(without=frozenset({"kidney_left"}))
    start = 0 if at_border else k_of(14.2)
    box = (slice(start, start + size[0]), slice(28, 28 + size[1]), slice(37, 37 + size[2]))
    labels = painted(labels, "kidney_left", box)
    assume(labels.volume_ml("kidney_left") < 2.0)
    judged = judge(labels, sure_of(labels, probability), image, EVERYTHING)
    assert any("kidney" in warning and "left" in warning.lower() for warning in judged.warnings)


def test_another_rule_can_stand_behind_the_door() -> None:
    seen: list[Candidate] = []

    def keep_but_flag(candidate: Candidate) -> Judgement:
        seen.append(candidate)
        return Judgement(Outcome.PRESENT_UNCERTAIN, "Flagged by a rule of the test.")

    image, labels = torso()
    judged = judge(labels, sure_of(labels), image, EVERYTHING, {"spleen": keep_but_flag})
    assert verdicts(judged)["spleen"].reason == "Flagged by a rule of the test."
    assert verdicts(judged)["kidney_left"].outcome is Outcome.PRESENT
    assert [c.finding.organ for c in seen] == ["spleen"] and seen[0].image is image


def test_a_speck_is_taken_out_and_the_verdict_says_so() -> None:
    image, labels = torso()
    labels = painted(labels, "liver", (slice(20, 21), slice(30, 31), slice(12, 13)))
    judged = judge(labels, sure_of(labels), image, EVERYTHING)
    liver = verdicts(judged)["liver"]
    assert liver.volume_before_ml - liver.volume_ml == pytest.approx(0.064)
    assert "specks" in liver.reason
    assert judged.labels.volume_ml("liver") == pytest.approx(liver.volume_ml)


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(np.uint8, (4, 6, 5), elements=st.integers(0, 19)),
    st.frozensets(st.sampled_from(["kidney_left", "kidney_right", "spleen"])),
)
def test_any_label_map_gets_verdicts_that_agree_with_what_is_left_of_it(
    voxels: np.ndarray, absent: frozenset[str]
) -> None:
    _, labels = torso()
    grid = Grid((4, 6, 5), labels.grid.affine)
    labels = LabelMap(grid, voxels, labels.organs)
    judged = judge(labels, sure_of(labels, 0.5), Volume(grid, np.zeros((4, 6, 5), np.int16)), Wishes(absent=absent))
    for verdict in judged.verdicts:
        assert judged.labels.volume_ml(verdict.organ) == pytest.approx(verdict.volume_ml)
        assert (verdict.volume_ml > 0) <= (verdict.outcome in DRAWN)
        assert verdict.reason
        if verdict.organ in absent:
            assert verdict.outcome is Outcome.ABSENT_DECLARED


@settings(max_examples=10, deadline=None)
@given(st.permutations([0, 1, 2]), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_verdicts_do_not_depend_on_how_the_scanner_stored_the_series(
    axes: list[int], flips: tuple[bool, bool, bool]
) -> None:
    image, labels = torso()
    turn = AxisChange((axes[0], axes[1], axes[2]), flips)
    here = judge(labels, sure_of(labels), image, EVERYTHING)
    there = judge(turn.label_map(labels), sure_of(labels), turn.volume(image), EVERYTHING)
    assert [(v.organ, v.outcome) for v in here.verdicts] == [(v.organ, v.outcome) for v in there.verdicts]
    assert here.warnings == there.warnings
