"""Variations of a labelled torso are new, plausible and reproducible."""

import numpy as np
import pytest

from pedcontour.datasets.torso import TOTAL_TO_ORGAN, TorsoTemplate, WarpSpec, map_total_labels, warp_torso
from pedcontour.organs import all_organs
from pedcontour.volume import Grid, Volume

GRID = Grid((40, 40, 44), np.array([[0, 0, 3.0, -60], [0, 3.0, 0, -60], [3.0, 0, 0, 0], [0, 0, 0, 1]]))


@pytest.fixture(scope="module")
def template() -> TorsoTemplate:
    """A cylinder of fat with a liver on the right and a spleen on the left."""
    _, j, i = np.indices(GRID.shape)
    image = np.full(GRID.shape, -1024, np.int16)
    image[(j - 20) ** 2 + (i - 22) ** 2 < 18**2] = -100
    total = np.zeros(GRID.shape, np.uint8)
    total[(j - 20) ** 2 + (i - 13) ** 2 < 36] = 5
    total[(j - 24) ** 2 + (i - 32) ** 2 < 16] = 1
    image[total > 0] = 60
    return TorsoTemplate.of(Volume(GRID, image), total)


def test_every_organ_of_the_map_is_known_and_no_source_is_used_twice() -> None:
    sources = [label for labels in TOTAL_TO_ORGAN.values() for label in labels]
    assert set(TOTAL_TO_ORGAN) == set(all_organs())
    assert len(sources) == len(set(sources))


def test_labels_outside_the_map_become_background() -> None:
    assert map_total_labels(np.array([[[5, 25, 1, 117]]], np.uint8)).tolist() == [[[5, 0, 1, 0]]]


def test_the_same_seed_gives_the_same_body_and_another_seed_another(template: TorsoTemplate) -> None:
    one, again, other = (warp_torso(template, seed) for seed in (3, 3, 4))
    assert np.array_equal(one.image.voxels, again.image.voxels)
    assert np.array_equal(one.truth.voxels, again.truth.voxels)
    assert one.image.voxels.shape != other.image.voxels.shape or not np.array_equal(
        one.image.voxels, other.image.voxels
    )


@pytest.mark.parametrize("seed", range(6))
def test_sides_survive_every_variation(template: TorsoTemplate, seed: int) -> None:
    case = warp_torso(template, seed)
    x = {
        organ: case.truth.grid.to_lps_mm(np.argwhere(case.truth.mask(organ)))[:, 0].mean()
        for organ in ("liver", "spleen")
    }
    assert x["liver"] < x["spleen"]


def test_labels_stay_on_the_tissue_they_name(template: TorsoTemplate) -> None:
    case = warp_torso(template, 1, WarpSpec(short_stack_share=0.0))
    liver = np.median(case.image.voxels[case.truth.mask("liver")])
    fat = np.median(case.image.voxels[(case.truth.voxels == 0) & (case.image.voxels > -300)])
    assert liver - fat > 60


def test_a_wide_field_of_view_is_as_wide_as_a_planning_scanners(template: TorsoTemplate) -> None:
    spec = WarpSpec(wide_field_share=1.0, couch_share=1.0, arms_share=1.0)
    case = warp_torso(template, 5, spec)
    _, rows, columns = case.image.grid.shape
    assert min(rows, columns) * spec.spacing_mm >= spec.wide_field_mm[0] - spec.spacing_mm
    assert (case.image.voxels[case.truth.voxels > 0] > -300).mean() > 0.95


def test_contrast_brightens_the_organs_that_take_it_up(template: TorsoTemplate) -> None:
    plain = WarpSpec(short_stack_share=0.0)
    spleens = [
        float(np.median(case.image.voxels[case.truth.mask("spleen")]))
        for case in (warp_torso(template, seed, plain) for seed in range(24))
        if case.truth.mask("spleen").any()
    ]
    assert max(spleens) > 120
    assert min(spleens) < 80


def test_after_a_nephrectomy_fat_lies_where_the_kidneys_were() -> None:
    k, j, i = np.indices(GRID.shape)
    total = np.where((j - 20) ** 2 + (i - 22) ** 2 + (k - 20) ** 2 < 64, 2, 0).astype(np.uint8)
    image = np.where(total > 0, 40, -100).astype(np.int16)
    template = TorsoTemplate.of(Volume(GRID, image), total)
    spec = WarpSpec(nephrectomy_share=1.0, short_stack_share=0.0, wide_field_share=0.0, couch_share=0.0, arms_share=0.0)
    cases = [warp_torso(template, seed, spec) for seed in range(8)]
    empty = [case for case in cases if not case.truth.mask("kidney_right").any()]
    assert 0 < len(empty) < len(cases)
    for case in empty:
        middle = tuple(n // 2 for n in case.image.grid.shape)
        assert case.image.voxels[middle] < -20


@pytest.mark.parametrize(("roll", "liver_lies"), [(90.0, -1), (-90.0, 1)])
def test_a_roll_takes_the_left_to_the_back(template: TorsoTemplate, roll: float, liver_lies: int) -> None:
    """The liver lies on the right and so goes to the front; axis 1 of LPS goes to the back."""
    spec = WarpSpec(rolls=((roll, roll),), short_stack_share=0.0, wide_field_share=0.0)
    lying = warp_torso(template, 2, spec)
    liver, spleen = (
        lying.truth.grid.to_lps_mm(np.argwhere(lying.truth.mask(organ))).mean(axis=0) for organ in ("liver", "spleen")
    )
    assert np.sign((liver - spleen)[1]) == liver_lies
    assert abs((liver - spleen)[1]) > 2 * abs((liver - spleen)[0])
    border = lying.truth.voxels[:, [0, -1]].any() or lying.truth.voxels[:, :, [0, -1]].any()
    assert not border  # the field of view is wide enough for who lies on a side


def test_without_contrast_agent_no_spleen_is_bright(template: TorsoTemplate) -> None:
    plain = WarpSpec(short_stack_share=0.0, plain_share=1.0)
    cases = (warp_torso(template, seed, plain) for seed in range(8))
    spleens = [float(np.median(case.image.voxels[case.truth.mask("spleen")])) for case in cases]
    assert max(spleens) < 120
