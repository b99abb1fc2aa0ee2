"""Geometry: any axial stack becomes one exact grid, whatever the order; what is not one is refused by name."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.dicom import geometry
from pedcontour.dicom.geometry import SlicePlane, stack
from pedcontour.errors import (
    GantryTiltError,
    GeometryMissingError,
    GeometryMixedError,
    InputError,
    OrientationUnsupportedError,
    SlicesDuplicatedError,
    SlicesMissingError,
    SpacingNotUniformError,
    TooFewSlicesError,
)
from pedcontour.volume import FloatArray, Grid
from tests.unit.dicom.series_on_disk import HFS, POSITIONS, affine_of


def planes_of(affine: FloatArray, shape: tuple[int, int, int] = (5, 4, 3)) -> list[SlicePlane]:
    grid = Grid(shape, affine)
    _, rows_mm, columns_mm = grid.spacing_mm
    row, column = grid.directions[:, 2], grid.directions[:, 1]
    return [
        SlicePlane(f"1.{k}", grid.to_lps_mm((k, 0, 0)), row, column, (rows_mm, columns_mm), (shape[1], shape[2]))
        for k in range(shape[0])
    ]


def at_heights(*heights: float) -> list[SlicePlane]:
    """Supine slices at these z, named 1.0, 1.1, ..."""
    plane = planes_of(affine_of(HFS))[0]
    return [replace(plane, uid=f"1.{n}", position_mm=np.array([0.0, 0.0, z])) for n, z in enumerate(heights)]


def changed(planes: Sequence[SlicePlane], index: int, **values: Any) -> list[SlicePlane]:
    return [replace(plane, **values) if n == index else plane for n, plane in enumerate(planes)]


def rotation(axis: int, degrees: float) -> FloatArray:
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    turn = np.eye(3)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn[[a, a, b, b], [a, b, a, b]] = c, -s, s, c
    return turn


tilts = st.floats(-40, 40)
spacings = st.floats(0.25, 6.0)
origins = st.floats(-2000, 2000)


@st.composite
def axial_affines(draw: Callable[[Any], Any]) -> FloatArray:
    """Any orthonormal orientation whose normal is nearest to the body axis: positions, roll and obliquity."""
    position = draw(st.sampled_from(sorted(POSITIONS)))
    affine = affine_of(
        POSITIONS[position],
        (draw(spacings), draw(spacings), draw(spacings)),
        (draw(origins), draw(origins), draw(origins)),
        against_normal=False,
    )
    turn = rotation(0, draw(st.floats(-40, 40))) @ rotation(2, draw(st.floats(-180, 180)))
    affine[:3, :3] = turn @ affine[:3, :3]
    return affine


@given(affine=axial_affines(), shape=st.tuples(*[st.integers(2, 9)] * 3), shuffle=st.randoms())
@settings(max_examples=150, deadline=None)
def test_any_axial_stack_gives_its_own_affine_in_any_order(affine: FloatArray, shape: Any, shuffle: Any) -> None:
    planes = planes_of(affine, shape)
    given_order = list(range(len(planes)))
    shuffle.shuffle(given_order)
    found = stack([planes[n] for n in given_order])
    assert found.grid.same_place(Grid(shape, affine))
    assert [given_order[n] for n in found.order] == list(range(len(planes)))


@given(affine=axial_affines(), noise=st.lists(st.floats(-2e-7, 2e-7), min_size=6, max_size=6))
@settings(max_examples=50, deadline=None)
def test_rounded_direction_cosines_do_no_harm(affine: FloatArray, noise: list[float]) -> None:
    row_noise, column_noise = np.array(noise[:3]), np.array(noise[3:])
    planes = [
        replace(p, row_direction=p.row_direction + row_noise, column_direction=p.column_direction + column_noise)
        for p in planes_of(affine)
    ]
    assert stack(planes).grid.same_place(Grid((5, 4, 3), affine))


def test_slices_against_the_normal_are_counted_along_it() -> None:
    found = stack(planes_of(affine_of(HFS, against_normal=True)))
    assert found.order == (4, 3, 2, 1, 0)
    assert found.grid.affine[2, 0] > 0


def test_cosine_noise_of_a_real_scanner_is_accepted() -> None:
    planes = [
        replace(p, row_direction=np.array([1, 0.0, -1.224647e-16]), column_direction=np.array([0.0, 1, 0.0]))
        for p in planes_of(affine_of(HFS))
    ]
    assert stack(planes).grid.same_place(Grid((5, 4, 3), affine_of(HFS)))


def test_positions_rounded_to_a_tenth_of_a_millimetre_are_accepted() -> None:
    heights = [round(1.25 * n, 1) for n in range(40)]
    assert stack(at_heights(*heights)).grid.spacing_mm[0] == pytest.approx(1.25, abs=0.01)


Refusal = tuple[str, Callable[[], list[SlicePlane]], type[InputError], set[str]]

STRAIGHT = affine_of(HFS)
TILTED = affine_of(HFS)
TILTED[:3, 0] = rotation(0, 14) @ STRAIGHT[:3, 0]

REFUSALS: list[Refusal] = [
    ("no slice", list, TooFewSlicesError, set()),
    ("one slice", lambda: at_heights(0), TooFewSlicesError, {"1.0"}),
    ("a slice missing", lambda: at_heights(0, 5, 10, 20), SlicesMissingError, {"1.2", "1.3"}),
    ("a slice missing among three", lambda: at_heights(0, 5, 15), SlicesMissingError, {"1.1", "1.2"}),
    ("two places of missing slices", lambda: at_heights(0, 10, 15, 20, 25, 40), SlicesMissingError,
     {"1.0", "1.1", "1.4", "1.5"}),
    ("two spacings", lambda: at_heights(0, 2, 4, 6, 9, 12, 15), SpacingNotUniformError, {"1.3", "1.4", "1.5", "1.6"}),
    ("a slice in between", lambda: at_heights(0, 5, 7.5, 10, 15, 20), SpacingNotUniformError, {"1.1", "1.2", "1.3"}),
    ("spacing that creeps", lambda: at_heights(*np.cumsum(np.linspace(1, 1.08, 80))), SpacingNotUniformError, set()),
    ("two slices at one position", lambda: at_heights(0, 5, 5, 10), SlicesDuplicatedError, {"1.1", "1.2"}),
    ("all slices at one position", lambda: at_heights(5, 5, 5), SlicesDuplicatedError, {"1.0", "1.1", "1.2"}),
    ("gantry tilt", lambda: planes_of(TILTED), GantryTiltError, {f"1.{n}" for n in range(5)}),
    ("a slice moved sideways", lambda: changed(planes_of(STRAIGHT), 2, position_mm=np.array([-119.0, -80.25, 705.125])),
     GeometryMixedError, {"1.2"}),
    ("other rows", lambda: changed(planes_of(STRAIGHT), 1, shape=(8, 3)), GeometryMixedError, {"1.1"}),
    ("other pixels", lambda: changed(planes_of(STRAIGHT), 3, pixel_spacing_mm=(0.75, 1.3)), GeometryMixedError,
     {"1.3"}),
    ("a turned slice", lambda: changed(planes_of(STRAIGHT), 0, row_direction=np.array([-1.0, 0, 0])),
     OrientationUnsupportedError, {"1.0"}),
    ("directions askew", lambda: changed(planes_of(STRAIGHT), 0, column_direction=np.array([0.1, 0.995, 0])),
     OrientationUnsupportedError, {"1.0"}),
    ("directions of no length", lambda: changed(planes_of(STRAIGHT), 0, row_direction=np.zeros(3)),
     OrientationUnsupportedError, {"1.0"}),
    ("coronal slices", lambda: planes_of(affine_of((1, 0, 0, 0, 0, -1))), OrientationUnsupportedError,
     {f"1.{n}" for n in range(5)}),
    ("sagittal slices", lambda: planes_of(affine_of((0, 1, 0, 0, 0, -1))), OrientationUnsupportedError,
     {f"1.{n}" for n in range(5)}),
    ("a position that is no number", lambda: changed(planes_of(STRAIGHT), 2, position_mm=np.array([0, np.nan, 0])),
     GeometryMissingError, {"1.2"}),
    ("an infinite spacing", lambda: changed(planes_of(STRAIGHT), 2, pixel_spacing_mm=(np.inf, 1)), GeometryMissingError,
     {"1.2"}),
    ("a spacing of zero", lambda: changed(planes_of(STRAIGHT), 4, pixel_spacing_mm=(0.0, 1)), GeometryMissingError,
     {"1.4"}),
    ("a position beyond reason", lambda: changed(planes_of(STRAIGHT), 4, position_mm=np.array([0, 0, 1e300])),
     GeometryMissingError, {"1.4"}),
]  # fmt: skip


@pytest.mark.parametrize(("planes", "error", "uids"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_what_is_not_one_exact_grid_is_refused_naming_its_slices(
    planes: Callable[[], list[SlicePlane]], error: type[InputError], uids: set[str]
) -> None:
    with pytest.raises(error) as refusal:
        stack(planes())
    if uids:
        assert set(refusal.value.instance_uids) == uids
    for plane_order in (1, -1):
        with pytest.raises(error) as again:
            stack(planes()[::plane_order])
        assert again.value.instance_uids == refusal.value.instance_uids


@pytest.mark.parametrize("degrees", [0.0, 20.0, 44.0])
def test_oblique_slices_up_to_the_halfway_angle_are_axial(degrees: float) -> None:
    affine = affine_of(HFS)
    affine[:3, :3] = rotation(0, degrees) @ affine[:3, :3]
    assert stack(planes_of(affine)).grid.same_place(Grid((5, 4, 3), affine))
    affine[:3, :3] = rotation(0, 46 - degrees) @ affine[:3, :3]
    with pytest.raises(OrientationUnsupportedError):
        stack(planes_of(affine))


def tilted_by(degrees: float) -> FloatArray:
    affine = affine_of(HFS)
    affine[:3, 0] = rotation(0, degrees) @ affine[:3, 0]
    return affine


def test_rounding_is_not_taken_for_tilt() -> None:
    affine = tilted_by(geometry.TILT_TOLERANCE_DEG / 2)
    assert stack(planes_of(affine, (120, 4, 3))).grid.same_place(Grid((120, 4, 3), affine))


def test_the_smallest_tilt_of_a_gantry_is_refused_with_its_angle() -> None:
    with pytest.raises(GantryTiltError, match=r"0\.50 degrees"):
        stack(planes_of(tilted_by(0.5), (120, 4, 3)))
