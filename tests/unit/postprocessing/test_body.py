"""The size of the patient, measured on the CT."""

import numpy as np
import pytest

from pedcontour.orientation import CANONICAL_DIRECTIONS
from pedcontour.postprocessing import measure_body
from pedcontour.volume import Grid, Volume


def phantom_cylinder(
    radius_mm: float, couch: bool = False, spacing_mm: tuple[float, float, float] = (5, 1, 2)
) -> Volume:
    """A water cylinder along the patient in air, with a thin couch top under it if asked for."""
    shape = (10, round(400 / spacing_mm[1]), round(400 / spacing_mm[2]))
    affine = np.eye(4)
    affine[:3, :3] = CANONICAL_DIRECTIONS * np.array(spacing_mm, float)
    rows, columns = np.ogrid[: shape[1], : shape[2]]
    y, x = rows * spacing_mm[1] - 200, columns * spacing_mm[2] - 200
    hu = np.full(shape, -1000, np.int16)
    hu[:, (y**2 + x**2) <= radius_mm**2] = 0
    hu[:, (y**2 + x**2) <= (radius_mm / 3) ** 2] = -850  # a lung in the middle
    if couch:
        hu[:, round((200 + radius_mm + 4) / spacing_mm[1]), :] = 200
    return Volume(Grid(shape, affine), hu)


@pytest.mark.parametrize("radius_mm", [56.0, 85.0, 145.0])
def test_the_diameter_of_a_cylinder_is_found_within_three_millimetres(radius_mm: float) -> None:
    assert measure_body(phantom_cylinder(radius_mm)).diameter_mm == pytest.approx(2 * radius_mm, abs=3.0)


def test_a_couch_top_does_not_count_as_patient() -> None:
    with_couch = measure_body(phantom_cylinder(85.0, couch=True))
    assert with_couch.diameter_mm == pytest.approx(170.0, abs=3.0)


def test_the_centre_is_that_of_the_outline_in_patient_coordinates() -> None:
    body = measure_body(phantom_cylinder(85.0))
    assert body.centre_mm == pytest.approx([200.0, 200.0, 22.5], abs=2.0)


def test_air_alone_is_no_body() -> None:
    image = phantom_cylinder(85.0)
    empty = measure_body(Volume(image.grid, np.full_like(image.voxels, -1000)))
    assert empty.diameter_mm is None and empty.centre_mm is None
