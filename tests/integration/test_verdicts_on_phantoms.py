"""The verdicts on whole synthetic children: what a perfect network drew must never be doubted or mirrored."""

import pytest

from pedcontour.phantom import ChildSpec, PatientPosition, ScanSpec, scan_child
from pedcontour.postprocessing import Judged, Wishes, judge
from pedcontour.verdicts import Outcome

COARSE = {"spacing_mm": (4.0, 4.0), "slice_spacing_mm": 6.0}
POSITIONS: tuple[PatientPosition, ...] = ("HFS", "HFP", "FFS", "FFP", "HFDL", "HFDR", "FFDL", "FFDR")


def judged(child: ChildSpec, scan: ScanSpec, probability: float) -> Judged:
    made = scan_child(child, scan)
    drawn = dict.fromkeys(made.truth.organs.values(), probability)
    return judge(made.truth, drawn, made.image, Wishes())


@pytest.mark.parametrize("age_years", [0.0, 1.0, 4.0, 9.0, 17.0])
def test_the_kidneys_of_a_child_of_any_age_stay_however_unsure_the_network_is(age_years: float) -> None:
    found = judged(ChildSpec(seed=21, age_years=age_years), ScanSpec(**COARSE), probability=0.4)
    outcomes = {verdict.organ: verdict.outcome for verdict in found.verdicts}
    assert outcomes["kidney_left"] == outcomes["kidney_right"] == Outcome.PRESENT
    assert not {Outcome.FAILED, Outcome.ABSENT_DETECTED, Outcome.REMOVED_FALSE_POSITIVE} & set(outcomes.values())
    assert found.warnings == ()


@pytest.mark.parametrize("position", POSITIONS)
def test_a_missing_kidney_is_detected_and_no_side_is_doubted_in_any_position(position: PatientPosition) -> None:
    child = ChildSpec(seed=22, age_years=5.0, absent_kidney="left", bed_filling="bowel")
    scan = ScanSpec(patient_position=position, descending=position.endswith("P"), **COARSE)
    found = judged(child, scan, probability=0.9)
    assert {v.organ for v in found.verdicts if v.outcome is Outcome.ABSENT_DETECTED} == {"kidney_left"}
    assert [warning.split(":")[0] for warning in found.warnings] == ["ABSENT_DETECTED"]


@pytest.mark.parametrize("roll_deg", [-90.0, -30.0, 30.0, 90.0])
def test_a_child_that_was_rolled_on_the_couch_is_not_taken_for_a_mirror_image(roll_deg: float) -> None:
    found = judged(ChildSpec(seed=23, age_years=5.0), ScanSpec(roll_deg=roll_deg, **COARSE), probability=0.9)
    expected = ["BODY_ROLLED"] if abs(roll_deg) > 45 else []
    assert [warning.split(":")[0] for warning in found.warnings] == expected


def test_organs_above_and_below_a_short_stack_are_not_called_absent_or_missed() -> None:
    child = ChildSpec(seed=24, age_years=5.0)
    for z_range_mm in ((60.0, 200.0), (-200.0, -70.0)):
        found = judged(child, ScanSpec(z_range_mm=z_range_mm, **COARSE), probability=0.9)
        outcomes = {verdict.outcome for verdict in found.verdicts}
        assert Outcome.NOT_IN_FIELD_OF_VIEW in outcomes
        assert not {Outcome.FAILED, Outcome.ABSENT_DETECTED} & outcomes
