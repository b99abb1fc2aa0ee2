"""The island policy: specks go, everything a person would draw stays."""

import numpy as np
import pytest

from pedcontour.postprocessing import Wishes, judge
from pedcontour.postprocessing.islands import remove_islands
from pedcontour.verdicts import Outcome
from pedcontour.volume import Grid, LabelMap
from tests.unit.postprocessing.torso import k_of, painted, sure_of, torso

ORGANS = {1: "liver", 2: "stomach_bowel", 3: "gallbladder"}


def label_map(label: int, *boxes: tuple[slice, slice, slice]) -> LabelMap:
    """Voxels of 2 mm: 0.008 mL each."""
    voxels = np.zeros((40, 40, 40), np.uint8)
    for box in boxes:
        voxels[box] = label
    return LabelMap(Grid((40, 40, 40), np.diag([2.0, 2.0, 2.0, 1.0])), voxels, ORGANS)


MAIN = (slice(2, 22), slice(2, 22), slice(2, 22))
SPECK = (slice(30, 32), slice(30, 32), slice(30, 32))
PART = (slice(28, 36), slice(28, 36), slice(28, 36))
CORNER = (slice(22, 24), slice(22, 24), slice(22, 24))


def test_a_speck_of_a_large_organ_is_taken_out_and_its_volume_told() -> None:
    cleaned, removed, _ = remove_islands(label_map(1, MAIN, SPECK))
    assert removed == pytest.approx({"liver": 8 * 0.008})
    assert not cleaned.voxels[SPECK].any() and cleaned.voxels[MAIN].all()


def test_a_second_part_of_some_size_stays() -> None:
    assert remove_islands(label_map(1, MAIN, PART))[1] == {}


def test_a_small_organ_in_two_small_parts_keeps_both() -> None:
    other = (slice(10, 12), slice(10, 12), slice(10, 12))
    assert remove_islands(label_map(3, SPECK, other))[1] == {}


def test_parts_that_touch_at_a_corner_are_one() -> None:
    assert remove_islands(label_map(1, MAIN, CORNER))[1] == {}


def test_an_organ_that_lies_in_many_parts_by_nature_keeps_every_speck() -> None:
    assert remove_islands(label_map(2, MAIN, SPECK))[1] == {}


def test_the_map_that_was_given_is_left_as_it_was() -> None:
    given = label_map(1, MAIN, SPECK)
    before = given.voxels.copy()
    remove_islands(given)
    assert np.array_equal(given.voxels, before)


def test_an_organ_drawn_in_two_places_is_kept_and_flagged() -> None:
    image, labels = torso()
    drawn = painted(labels, "spleen", (slice(k_of(18.0), k_of(17.0)), slice(24, 30), slice(12, 20)))
    judged = judge(drawn, sure_of(drawn), image, Wishes())
    spleen = next(verdict for verdict in judged.verdicts if verdict.organ == "spleen")
    assert spleen.outcome is Outcome.PRESENT_UNCERTAIN
    assert "apart from the rest" in spleen.reason
    assert any(warning.startswith("PRESENT_UNCERTAIN: Spleen") for warning in judged.warnings)


def test_bowel_lies_in_many_parts_by_nature() -> None:
    image, labels = torso()
    drawn = painted(labels, "stomach_bowel", (slice(k_of(18.0), k_of(17.0)), slice(24, 30), slice(12, 20)))
    judged = judge(drawn, sure_of(drawn), image, Wishes())
    assert next(v for v in judged.verdicts if v.organ == "stomach_bowel").outcome is not Outcome.PRESENT_UNCERTAIN
