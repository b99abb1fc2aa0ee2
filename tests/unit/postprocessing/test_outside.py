"""What a network draws into the air beside the body is flagged."""

import numpy as np
import pytest

from pedcontour.postprocessing import Wishes, judge
from pedcontour.postprocessing.body import outline_body
from pedcontour.postprocessing.outside import shares_outside
from pedcontour.verdicts import Outcome
from pedcontour.volume import Grid, LabelMap, Volume
from tests.unit.postprocessing.torso import cut, k_of, painted, sure_of, torso

ROOM_AIR = (slice(k_of(9.0), k_of(2.0)), slice(0, 4), slice(1, 12))
"""A corner of the torso's field of view, at the lungs' height."""


def test_organs_inside_the_trunk_are_not_outside() -> None:
    image, labels = torso()
    assert max(shares_outside(labels, outline_body(image)).values()) == 0.0


def test_lung_drawn_into_the_rooms_air_is_kept_and_flagged() -> None:
    image, labels = torso()
    drawn = painted(labels, "lung_right", ROOM_AIR)
    judged = judge(drawn, sure_of(drawn), image, Wishes())
    verdict = next(verdict for verdict in judged.verdicts if verdict.organ == "lung_right")
    assert verdict.outcome is Outcome.PRESENT_UNCERTAIN
    assert "outside the trunk" in verdict.reason
    assert verdict.volume_ml == pytest.approx(verdict.volume_before_ml)
    assert any("outside the trunk" in warning for warning in judged.warnings)


def test_a_kidney_in_the_air_is_flagged_as_well() -> None:
    image, labels = torso()
    drawn = painted(labels, "kidney_left", (slice(k_of(15.5), k_of(12.0)), slice(0, 4), slice(50, 58)))
    verdict = next(v for v in judge(drawn, sure_of(drawn), image, Wishes()).verdicts if v.organ == "kidney_left")
    assert verdict.outcome is Outcome.PRESENT_UNCERTAIN


def test_lungs_that_only_the_field_of_view_closes_are_inside() -> None:
    """A wide chest in a narrow field of view: lung reaches the border, and the chest wall is cut away."""
    image, labels = cut(*torso(), upper=2.0, lower=9.0)
    hu = image.voxels.copy()
    hu[:, 8:34, :] = 20
    hu[:, 12:30, :20] = -850  # lung up to the right border
    lung = np.where(hu < -500, labels.label_of("lung_right"), 0).astype(np.uint8)
    lung[:, :8], lung[:, 34:] = 0, 0
    grid = Grid(labels.grid.shape, labels.grid.affine)
    shares = shares_outside(LabelMap(grid, lung, labels.organs), outline_body(Volume(grid, hu)))
    assert shares["lung_right"] == 0.0
