"""A site's rolls turn children about the body's axis, by the study's ranges."""

import numpy as np
import pytest
import torch
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
from pydantic import ValidationError

from pedcontour.federation.nnunet.rolls import ANY_ROLL, LATERAL_OR_SUPINE, DrawnAngle, Rolls


def _angles(rolls: Rolls, dim: int, *, flat: bool = False) -> np.ndarray:
    np.random.seed(5)
    draw = DrawnAngle(rolls, body_axis=0, flat=flat)
    return np.degrees([draw(image=None, dim=dim) for _ in range(2000)])


def test_half_of_the_children_of_the_first_site_lie_on_a_side() -> None:
    angles = _angles(LATERAL_OR_SUPINE, 0)
    lateral = (angles >= -120) & (angles <= -60)
    supine = (angles >= -30) & (angles <= 30)
    assert (lateral | supine).all()
    assert lateral.mean() == pytest.approx(0.5, abs=0.05)


def test_the_other_axes_are_tilted_alone() -> None:
    assert np.abs(_angles(ANY_ROLL, 1)).max() <= 30
    assert np.abs(_angles(ANY_ROLL, 0)).max() == pytest.approx(90, abs=1)


def test_a_patch_that_is_rotated_within_slices_is_rolled() -> None:
    assert np.abs(_angles(ANY_ROLL, 1, flat=True)).max() > 60


def test_a_roll_keeps_every_slice_in_its_place() -> None:
    """nnU-Net's transform, asked for a quarter turn about axis 0, turns rows into columns and leaves slices alone."""
    draw = DrawnAngle(Rolls(((90.0, 90.0),), tilt=0.0), body_axis=0, flat=False)
    turn = SpatialTransform((8, 8, 8), 0, False, p_rotation=1, rotation=draw)
    image = torch.arange(8.0)[:, None, None].expand(8, 8, 8)[None] + 1
    assert torch.allclose(turn(image=image.contiguous())["image"], image)
    rows = torch.arange(8.0)[None, :, None].expand(8, 8, 8)[None] + 1
    turned = turn(image=rows.contiguous())["image"]
    assert torch.allclose(turned.diff(dim=2), torch.zeros(1), atol=1e-4)
    assert turned.diff(dim=3).abs().min() > 0.9


def test_ranges_of_no_angle_are_refused() -> None:
    with pytest.raises(ValidationError):
        Rolls(())
    with pytest.raises(ValidationError):
        Rolls(((-200.0, 0.0),))
