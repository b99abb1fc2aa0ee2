"""What the rules took away can be seen beside the results, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.organs import all_organs, default_labels
from pedcontour.postprocessing import Candidate, Judged, Judgement, Wishes, judge
from pedcontour.postprocessing.review import review_labels
from pedcontour.verdicts import Outcome
from tests.unit.postprocessing.evidence.scenes import Scene, scenes
from tests.unit.postprocessing.test_policy import IMAGE, SCRAP
from tests.unit.postprocessing.torso import sure_of

REVIEW = Wishes(policy="review_roi")
NUMBERS = review_labels(default_labels())


def judged_with(wishes: Wishes) -> Judged:
    return judge(SCRAP, sure_of(SCRAP, 0.6), IMAGE, wishes)


def test_what_may_be_absent_has_a_number_after_the_last_label_the_same_in_every_patient() -> None:
    removable = [organ.id for organ in all_organs().values() if organ.may_be_absent]
    assert dict(enumerate(removable, start=20)) == NUMBERS


def test_what_was_removed_lies_under_its_review_number_voxel_for_voxel() -> None:
    judged = judged_with(REVIEW)
    (verdict,) = [verdict for verdict in judged.verdicts if verdict.organ == "kidney_left"]
    number = next(label for label, organ in judged.labels.review.items() if organ == "kidney_left")
    assert verdict.outcome is Outcome.REMOVED_FALSE_POSITIVE and "beside the results" in verdict.reason
    assert np.array_equal(judged.labels.voxels == number, SCRAP.mask("kidney_left"))
    assert verdict.review_ml == pytest.approx(SCRAP.volume_ml("kidney_left")) and verdict.volume_ml == 0.0
    assert "kidney_left" not in judged.drawn and judged.has_regions


def test_all_else_is_as_the_filter_has_it() -> None:
    filtered, reviewed = judged_with(Wishes()), judged_with(REVIEW)
    ours = np.where(reviewed.labels.voxels > 19, 0, reviewed.labels.voxels)
    assert np.array_equal(ours, filtered.labels.voxels)
    assert [v.outcome for v in reviewed.verdicts] == [v.outcome for v in filtered.verdicts]
    assert not filtered.labels.review and all(v.review_ml == 0.0 for v in filtered.verdicts)


def test_what_a_declaration_took_out_is_not_kept() -> None:
    judged = judged_with(Wishes(absent=frozenset({"kidney_left"}), policy="review_roi"))
    assert judged.labels.voxels.max() <= 19


@settings(deadline=None, max_examples=30)
@given(scenes(), st.booleans())
def test_no_voxel_is_lost_whatever_was_drawn(scene: Scene, everything: bool) -> None:
    def take_away(candidate: Candidate) -> Judgement:
        gone = everything or candidate.finding.organ == "kidney_left"
        return Judgement(Outcome.REMOVED_FALSE_POSITIVE if gone else Outcome.PRESENT, "For a test.")

    rules = dict.fromkeys(NUMBERS.values(), take_away)
    confidence = sure_of(scene.labels)
    flagged = judge(scene.labels, confidence, scene.image, Wishes(policy="flag_only"), rules)
    judged = judge(scene.labels, confidence, scene.image, REVIEW, rules)
    for number, organ in NUMBERS.items():
        kept = judged.labels.mask(organ) | (judged.labels.voxels == number)
        assert np.array_equal(kept, flagged.labels.mask(organ))
