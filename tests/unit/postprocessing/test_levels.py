"""Which vertebral levels the images show, from the organs in them."""

import pytest

from pedcontour.postprocessing import find_organs
from pedcontour.postprocessing.findings import stack_height_mm
from pedcontour.postprocessing.levels import LEVEL_ERROR, SPANS, Coverage, estimate_coverage
from tests.unit.postprocessing.torso import LEVEL_MM, cut, torso

DIAMETER_MM = 160.0


def coverage(upper: float, lower: float) -> Coverage | None:
    _, labels = cut(*torso(), upper=upper, lower=lower)
    return estimate_coverage(find_organs(labels), stack_height_mm(labels), DIAMETER_MM)


@pytest.mark.parametrize(("upper", "lower"), [(1.0, 21.0), (1.0, 11.0), (9.0, 17.0), (12.0, 20.0)])
def test_the_levels_of_a_stack_are_found_within_a_level_and_a_half(upper: float, lower: float) -> None:
    found = coverage(upper, lower)
    assert found is not None
    assert found.top == pytest.approx(upper, abs=1.5)
    assert found.bottom == pytest.approx(lower, abs=1.5)


def test_a_short_stack_in_which_no_organ_ends_lies_where_its_organs_overlap() -> None:
    found = coverage(12.8, 13.2)
    assert found is not None
    assert found.top > 11.5 and found.bottom < 15.0


def test_without_organs_or_without_a_body_nothing_is_claimed() -> None:
    assert estimate_coverage({}, 400.0, DIAMETER_MM) is None
    _, labels = torso()
    assert estimate_coverage(find_organs(labels), 400.0, None) is None


def test_the_share_of_an_organ_in_view_runs_from_none_to_all() -> None:
    whole = Coverage(-10.0, 30.0, LEVEL_MM)
    assert all(whole.share_of(organ, {}) == 1.0 for organ in SPANS)
    assert Coverage(18.0, 22.0, LEVEL_MM).share_of("heart", {}) == 0.0
    half_and_the_error = Coverage(12.0, 13.75 + LEVEL_ERROR, LEVEL_MM)
    assert half_and_the_error.share_of("kidney_left", {}) == pytest.approx(1.25 / 3.5)
    assert whole.share_of("unheard_of", {}) is None


def test_an_organ_whose_counterpart_was_drawn_in_full_is_in_view_too() -> None:
    _, labels = torso(frozenset({"kidney_left"}))
    found = find_organs(labels)
    nowhere_near = Coverage(0.0, 5.0, LEVEL_MM)
    assert nowhere_near.share_of("kidney_left", found) == pytest.approx(1.0, abs=0.05)  # voxels round the height
    assert nowhere_near.share_of("pancreas", found) == 0.0
