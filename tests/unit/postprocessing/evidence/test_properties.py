"""What holds of the evidence about every mask, however odd."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.postprocessing import Body
from pedcontour.postprocessing.evidence import EVIDENCE, Evidence, gather_evidence
from pedcontour.volume import LabelMap, Volume
from tests.unit.postprocessing.evidence.scenes import CHANGES, MIRROR, ON_THE_SIDE, ORGANS, Scene, scenes

SHARES = ("probability", "firm_share", "beside_solid", "beside_bowel", "beside_muscle", "beside_other", "beside_fat",
          "fat_share", "gas_share", "solidity", "largest_share", "border_share")  # fmt: skip


def assert_same(one: Evidence, other: Evidence) -> None:
    for name in EVIDENCE:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None), f"{name}: {mine} and {theirs}"
        assert mine is None or mine == pytest.approx(theirs, rel=1e-4, abs=1e-4), name


@settings(deadline=None, max_examples=60)
@given(scenes(), st.sampled_from(sorted(ORGANS.values())))
def test_every_mask_gives_finite_numbers_or_none(scene: Scene, organ: str) -> None:
    evidence = gather_evidence(scene.candidate(organ))
    for name, value in evidence.as_dict().items():
        assert value is None or math.isfinite(value), name
    for name in SHARES:
        assert getattr(evidence, name) is None or 0.0 <= getattr(evidence, name) <= 1.0, name


@settings(deadline=None, max_examples=40)
@given(scenes())
def test_left_and_right_are_judged_alike(scene: Scene) -> None:
    mirrored = scene.moved(MIRROR).with_sides_swapped()
    assert_same(gather_evidence(scene.candidate("kidney_left")), gather_evidence(mirrored.candidate("kidney_right")))


@settings(deadline=None, max_examples=40)
@given(scenes(), st.sampled_from(CHANGES))
def test_the_order_in_which_voxels_are_stored_does_not_matter(scene: Scene, change) -> None:
    assert_same(gather_evidence(scene.candidate()), gather_evidence(scene.stored(change).candidate()))


@settings(deadline=None, max_examples=40)
@given(scenes())
def test_a_patient_on_the_side_is_judged_as_one_on_the_back(scene: Scene) -> None:
    assert_same(gather_evidence(scene.candidate()), gather_evidence(scene.moved(ON_THE_SIDE).candidate()))


@settings(deadline=None, max_examples=20)
@given(scenes())
def test_what_is_not_known_is_none(scene: Scene) -> None:
    bare = Scene(scene.labels, scene.image, Body(None, None))
    evidence = gather_evidence(bare.candidate(confidence=None, spread=None, firm=None, age_years=None))
    unknown = (
        "volume_ratio",
        "age_ratio",
        "probability",
        "probability_spread",
        "firm_share",
        "lateral",
        "ventral",
        "mirror_distance",
        "psoas_offset",
        "hilum",
    )
    assert all(getattr(evidence, name) is None for name in unknown)


@pytest.mark.parametrize("confidence", [float("nan"), float("inf"), -1.0, 2.0])
def test_a_probability_that_is_none_is_not_believed(confidence: float) -> None:
    grid_scene = _empty_scene()
    value = gather_evidence(grid_scene.candidate(confidence=confidence)).probability
    assert value is None or 0.0 <= value <= 1.0


def test_nothing_drawn_gives_no_evidence_of_voxels() -> None:
    evidence = gather_evidence(_empty_scene().candidate())
    assert evidence.hu_median is None and evidence.parts is None and evidence.border_share is None


def test_an_image_that_is_not_finite_does_not_break_anything() -> None:
    scene = _empty_scene()
    voxels = np.zeros(scene.labels.voxels.shape, np.uint8)
    voxels[1:3, 2:6, 2:6] = 3
    image = Volume(scene.image.grid, np.full(voxels.shape, np.nan, np.float32))
    evidence = gather_evidence(Scene(LabelMap(scene.labels.grid, voxels, ORGANS), image, scene.body).candidate())
    assert all(value is None or math.isfinite(value) for value in evidence.as_dict().values())


def _empty_scene() -> Scene:
    from pedcontour.volume import Grid

    grid = Grid((4, 8, 8), np.diag([5.0, 4.0, 4.0, 1.0])[[2, 1, 0, 3]])
    blank = np.zeros((4, 8, 8), np.uint8)
    return Scene(LabelMap(grid, blank, ORGANS), Volume(grid, blank.astype(np.int16)), Body(120.0, np.zeros(3)))
