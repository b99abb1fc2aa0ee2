"""What the request lets the absence rules do."""

import pytest

from pedcontour.bundle.presence import PresenceModel, Term
from pedcontour.postprocessing import Candidate, Judged, Judgement, Wishes, judge, rules_of
from pedcontour.postprocessing.evidence import Evidence, gather_evidence
from pedcontour.verdicts import Outcome
from pedcontour.volume import LabelMap
from tests.unit.postprocessing.torso import cut, k_of, painted, sure_of, torso

IMAGE, BARE = torso(without=frozenset({"kidney_left"}))
SCRAP = painted(BARE, "kidney_left", (slice(k_of(13.6), k_of(13.4)), slice(30, 32), slice(37, 39)))
AT_BORDER = painted(BARE, "kidney_left", (slice(0, 1), slice(30, 31), slice(38, 39)))
"""One voxel in the image nearest the feet."""
LEFT = frozenset({"kidney_left"})
CERTAINLY_NOT = PresenceModel(
    organs=("kidney_left",),
    intercept=-9.0,
    terms=(Term("probability", (0.0, 1.0), (-2.0, -1.0)),),
    remove_below=0.4,
    present_from=0.8,
)
"""A filter that takes nothing for a kidney."""


def judged_with(wishes: Wishes, labels=SCRAP) -> Judged:
    return judge(labels, sure_of(labels, 0.6), IMAGE, wishes)


def verdict_of(judged: Judged, organ: str = "kidney_left"):
    return next(verdict for verdict in judged.verdicts if verdict.organ == organ)


def test_a_scrap_is_taken_away_by_default() -> None:
    judged = judged_with(Wishes())
    assert verdict_of(judged).outcome is Outcome.REMOVED_FALSE_POSITIVE
    assert not judged.labels.mask("kidney_left").any()


@pytest.mark.parametrize(("wishes", "words"), [(Wishes(present=LEFT), "declares it present"),
                                               (Wishes(policy="flag_only"), "flags alone")])  # fmt: skip
def test_a_declared_presence_or_flags_alone_keep_it_with_a_warning_that_says_why(wishes, words) -> None:
    judged = judged_with(wishes)
    verdict = verdict_of(judged)
    assert verdict.outcome is Outcome.PRESENT_UNCERTAIN and words in verdict.reason and "too small" in verdict.reason
    assert judged.labels.volume_ml("kidney_left") == pytest.approx(SCRAP.volume_ml("kidney_left"))
    assert any(warning.startswith("PRESENT_UNCERTAIN: ") and words in warning for warning in judged.warnings)


@pytest.mark.parametrize("wishes", [Wishes(present=LEFT), Wishes(policy="flag_only")], ids=["declared", "flag_only"])
@pytest.mark.parametrize("rules", [None, rules_of(CERTAINLY_NOT)], ids=["volume", "calibrated"])
@pytest.mark.parametrize("labels", [SCRAP, AT_BORDER], ids=["inside", "at a border"])
def test_what_is_kept_is_nowhere_told_to_be_removed(wishes, rules, labels) -> None:
    judged = judge(labels, sure_of(labels, 0.6), IMAGE, wishes, rules)
    verdict = verdict_of(judged)
    assert verdict.outcome is Outcome.PRESENT_UNCERTAIN and verdict.volume_ml > 0
    for sentence in (verdict.reason, *(warning for warning in judged.warnings if "left kidney" in warning.lower())):
        assert "removed" not in sentence and "it was kept" in sentence.lower()
    assert any(verdict.reason in warning for warning in judged.warnings)


@pytest.mark.parametrize("labels", [SCRAP, AT_BORDER], ids=["inside", "at a border"])
def test_what_is_removed_is_told_as_removed_and_where_it_lies_for_review(labels) -> None:
    removed = verdict_of(judged_with(Wishes(), labels)).reason
    assert "was removed. Look there" in removed and "beside the results" not in removed
    assert verdict_of(judged_with(Wishes(policy="review_roi"), labels)).reason.startswith(f"{removed} It lies beside")


def test_switched_off_no_rule_looks() -> None:
    judged = judged_with(Wishes(policy="off"))
    assert verdict_of(judged).outcome is Outcome.PRESENT
    assert judged.labels.mask("kidney_left").any()


def test_a_declared_presence_of_which_nothing_was_drawn_is_a_failure() -> None:
    verdict = verdict_of(judged_with(Wishes(present=LEFT), labels=BARE))
    assert verdict.outcome is Outcome.FAILED and "declared present" in verdict.reason


def test_outside_the_images_a_declared_presence_is_told_as_such() -> None:
    image, labels = cut(IMAGE, BARE, upper=1.0, lower=9.0)
    judged = judge(labels, sure_of(labels), image, Wishes(present=LEFT))
    assert verdict_of(judged).outcome is Outcome.NOT_IN_FIELD_OF_VIEW


def evidence_of_right_kidney(wishes: Wishes, labels: LabelMap) -> Evidence:
    """What a rule learns about the right kidney."""
    seen: list[Evidence] = []

    def look(candidate: Candidate) -> Judgement:
        seen.append(gather_evidence(candidate))
        return Judgement(Outcome.PRESENT, "For a test.")

    judge(labels, sure_of(labels), IMAGE, wishes, {"kidney_right": look})
    return seen[0]


def test_what_was_drawn_of_a_kidney_that_is_declared_absent_is_no_evidence_about_the_other() -> None:
    drawn = painted(BARE, "kidney_left", (slice(k_of(15.5), k_of(12.5)), slice(28, 36), slice(25, 28)))
    beside = evidence_of_right_kidney(Wishes(), drawn)
    assert None not in (beside.other_ratio, beside.mirror_distance, beside.hu_from_other) and beside.beside_other
    declared = evidence_of_right_kidney(Wishes(absent=LEFT), drawn)
    assert declared.other_ratio is declared.mirror_distance is declared.hu_from_other is None
    assert declared == evidence_of_right_kidney(Wishes(), BARE)


def test_a_usual_kidney_is_the_same_under_every_policy() -> None:
    for wishes in (Wishes(), Wishes(present=frozenset({"kidney_right"})), Wishes(policy="flag_only")):
        assert verdict_of(judged_with(wishes), "kidney_right").outcome is Outcome.PRESENT
