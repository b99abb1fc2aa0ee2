"""Organs are grown or shrunk until they have their volume, the same way for every scan of a child."""

import pytest

from pedcontour.phantom import ChildSpec
from pedcontour.phantom.child import Child
from pedcontour.phantom.fitting import LARGEST_GROWTH_MM, coarse_grid, fit_growth


def test_growth_depends_on_the_child_alone_and_is_bounded() -> None:
    first, again = fit_growth(Child(ChildSpec(8, 3.0))), fit_growth(Child(ChildSpec(8, 3.0)))
    assert first == again
    assert set(first) == {"liver", "spleen", "heart", "kidney_left", "kidney_right"}
    assert all(abs(mm) <= LARGEST_GROWTH_MM for mm in first.values())


def test_contrast_agent_makes_no_organ_grow() -> None:
    assert fit_growth(Child(ChildSpec(8, 3.0, contrast=False))) == fit_growth(Child(ChildSpec(8, 3.0)))


def test_the_coarse_grid_has_as_many_points_in_a_newborn_as_in_an_adult() -> None:
    newborn, _ = coarse_grid(Child(ChildSpec(1, 0.0)))
    adult, _ = coarse_grid(Child(ChildSpec(1, 18.0)))
    assert newborn.shape == adult.shape
    assert newborn.voxel_volume_ml < 0.2 * adult.voxel_volume_ml


def test_an_empty_bed_lets_the_liver_in_only_when_it_is_to_fill_it() -> None:
    filled = fit_growth(Child(ChildSpec(8, 18.0, absent_kidney="right", bed_filling="liver")))
    kept_out = fit_growth(Child(ChildSpec(8, 18.0, absent_kidney="right", bed_filling="bowel")))
    assert filled["liver"] < kept_out["liver"]
    assert filled["spleen"] == pytest.approx(kept_out["spleen"])
