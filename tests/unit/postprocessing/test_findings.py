"""The facts about what was drawn."""

import numpy as np
import pytest

from pedcontour.orientation import AxisChange
from pedcontour.postprocessing import find_organs
from tests.unit.postprocessing.torso import cut, torso


def test_volume_and_centre_are_those_of_the_mask() -> None:
    _, labels = torso()
    liver = find_organs(labels)["liver"]
    assert liver.volume_ml == pytest.approx(labels.volume_ml("liver"))
    assert liver.centre_mm == pytest.approx(labels.grid.to_lps_mm(np.argwhere(labels.mask("liver")).mean(axis=0)))


def test_organs_without_a_voxel_are_not_found() -> None:
    assert "gallbladder" not in find_organs(torso()[1])


def test_the_borders_that_an_organ_reaches_are_named_after_the_patients_side() -> None:
    _, labels = cut(*torso(), upper=9.0, lower=14.0)
    found = find_organs(labels)
    assert found["vertebrae"].touches == {"head", "feet"}
    assert found["liver"].touches == {"feet"}
    assert found["spleen"].touches == frozenset()


def test_borders_keep_their_names_when_the_slices_are_stored_from_head_to_feet() -> None:
    _, labels = cut(*torso(), upper=9.0, lower=14.0)
    turned = AxisChange((0, 1, 2), (True, False, False)).label_map(labels)
    assert find_organs(turned)["liver"].touches == {"feet"}
