"""What holds of the fitted filter whatever was drawn: of a filter that weighs every piece of evidence there is."""

from itertools import cycle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.bundle.presence import RISING, PresenceModel, Term
from pedcontour.postprocessing import CalibratedPresence, Wishes, judge, rules_of
from pedcontour.postprocessing.evidence import EVIDENCE, gather_evidence
from pedcontour.verdicts import ABSENCE_POLICIES, DRAWN, AbsencePolicy, Outcome
from tests.unit.postprocessing.evidence.scenes import CHANGES, MIRROR, ON_THE_SIDE, Scene, scenes
from tests.unit.postprocessing.torso import k_of, painted, sure_of, torso

KIDNEYS = ("kidney_left", "kidney_right")
WEIGHTS = cycle((0.4, -0.3, 0.2, -0.5))
MODEL = PresenceModel(
    organs=KIDNEYS,
    intercept=0.5,
    terms=tuple(
        Term(name, (-3.5, 4.5), (-4.0 * rise, 4.0 * rise), 0.1)
        for name, weight in zip(EVIDENCE, WEIGHTS, strict=False)
        for rise in [abs(weight) if name in RISING else weight]
    ),
    remove_below=0.3,
    present_from=0.7,
)
RULES = rules_of(MODEL)
FILTER = CalibratedPresence(MODEL)
IMAGE, LABELS = torso()
SMALL = painted(
    torso(without=frozenset({"kidney_left"}))[1],
    "kidney_left",
    (slice(k_of(14.0), k_of(13.0)), slice(30, 34), slice(37, 40)),
)


def probability_of(scene: Scene, organ: str = "kidney_left") -> float:
    return FILTER.outcome(gather_evidence(scene.candidate(organ)))[1]


@settings(deadline=None, max_examples=30)
@given(scenes(), st.sampled_from(ABSENCE_POLICIES), st.sets(st.sampled_from(KIDNEYS)))
def test_any_mask_gets_a_verdict_for_every_organ_and_what_is_declared_wins(
    scene: Scene, policy: AbsencePolicy, absent: set[str]
) -> None:
    present = frozenset(KIDNEYS) - absent
    wishes = Wishes(absent=frozenset(absent), present=present, policy=policy)
    judged = judge(scene.labels, sure_of(scene.labels), scene.image, wishes, RULES)
    outcomes = {verdict.organ: verdict.outcome for verdict in judged.verdicts}
    assert outcomes.keys() == set(scene.labels.organs.values())
    for organ in absent:
        assert outcomes[organ] is Outcome.ABSENT_DECLARED and not judged.labels.mask(organ).any()
    for organ in present:
        assert outcomes[organ] in DRAWN | {Outcome.FAILED, Outcome.NOT_IN_FIELD_OF_VIEW}
        assert judged.labels.mask(organ).any() == (outcomes[organ] in DRAWN)


@settings(deadline=None, max_examples=30)
@given(scenes())
def test_left_and_right_have_the_same_probability(scene: Scene) -> None:
    mirrored = scene.moved(MIRROR).with_sides_swapped()
    assert probability_of(scene) == pytest.approx(probability_of(mirrored, "kidney_right"), abs=1e-4)


@settings(deadline=None, max_examples=30)
@given(scenes(), st.sampled_from(CHANGES))
def test_the_position_of_the_patient_does_not_change_the_probability(scene: Scene, change) -> None:
    expected = pytest.approx(probability_of(scene), abs=1e-4)
    assert probability_of(scene.stored(change)) == expected
    assert probability_of(scene.moved(ON_THE_SIDE)) == expected


@settings(deadline=None, max_examples=12)
@given(st.sampled_from(CHANGES), st.sampled_from(("filter", "review_roi")))
def test_the_verdicts_do_not_depend_on_how_the_scanner_stored_the_series(change, policy: AbsencePolicy) -> None:
    def outcomes(labels, image) -> dict[str, tuple[Outcome, float]]:
        judged = judge(labels, sure_of(labels, 0.6), image, Wishes(policy=policy), RULES)
        return {verdict.organ: (verdict.outcome, round(verdict.review_ml, 6)) for verdict in judged.verdicts}

    assert outcomes(change.label_map(SMALL), change.volume(IMAGE)) == outcomes(SMALL, IMAGE)


@pytest.mark.parametrize("evidence", sorted(RISING))
@given(scenes(), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=10)
def test_more_volume_or_certainty_never_makes_a_kidney_less_likely(evidence: str, scene: Scene, one, other) -> None:
    known = gather_evidence(scene.candidate()).as_dict()
    less, more = (MODEL.probability({**known, evidence: value}) for value in sorted((one, other)))
    assert less <= more


def test_the_other_organs_are_left_alone() -> None:
    judged = judge(SMALL, sure_of(SMALL, 0.6), IMAGE, Wishes(), RULES)
    for organ in set(judged.labels.organs.values()) - set(KIDNEYS):
        assert np.array_equal(judged.labels.mask(organ), SMALL.mask(organ))
