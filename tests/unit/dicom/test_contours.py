"""A mask, traced and read back by readers of every known convention, is the same mask."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from contourpy import contour_generator
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pedcontour.dicom.contours import LEVEL, SlicePlanes, trace_mask, trace_slice
from pedcontour.dicom.coverage import covered_area
from pedcontour.volume import FloatArray
from tests.made_series import POSITIONS, grid_for, made_series, oblique_orientation

Mask = npt.NDArray[np.bool_]
Reader = Callable[[list[FloatArray], tuple[int, int]], Mask]


def _parity(rings: list[FloatArray], shape: tuple[int, int]) -> Mask:
    """Which pixel centres lie inside by the even-odd rule."""
    j, i = np.indices(shape)
    inside = np.zeros(shape, dtype=bool)
    for ring in rings:
        for (j0, i0), (j1, i1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            if j0 != j1:
                crosses = (j0 <= j) != (j1 <= j)
                inside ^= crosses & (i < i0 + (j - j0) / (j1 - j0) * (i1 - i0))
    return inside


def _on_border(rings: list[FloatArray], shape: tuple[int, int]) -> Mask:
    j, i = np.indices(shape)
    touched = np.zeros(shape, dtype=bool)
    for ring in rings:
        for (j0, i0), (j1, i1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            across = (j - j0) * (i1 - i0) - (i - i0) * (j1 - j0)
            along = (j >= min(j0, j1)) & (j <= max(j0, j1)) & (i >= min(i0, i1)) & (i <= max(i0, i1))
            touched |= (np.abs(across) < 1e-9) & along
    return touched


def by_pixel_centre(rings: list[FloatArray], shape: tuple[int, int]) -> Mask:
    return _parity(rings, shape) & ~_on_border(rings, shape)


def by_pixel_centre_with_border(rings: list[FloatArray], shape: tuple[int, int]) -> Mask:
    return _parity(rings, shape) | _on_border(rings, shape)


def by_rounding_and_filling(rings: list[FloatArray], shape: tuple[int, int]) -> Mask:
    return by_pixel_centre_with_border([np.rint(ring) for ring in rings], shape)


def by_half_of_the_area(rings: list[FloatArray], shape: tuple[int, int]) -> Mask:
    return np.asarray(covered_area(rings, [0] * len(rings), (1, *shape))[0] >= 0.5)


READERS = [by_pixel_centre, by_pixel_centre_with_border, by_rounding_and_filling, by_half_of_the_area]

SHAPES = {
    "one voxel": ["#"],
    "one voxel in a field": ["....", "..#.", "....", "...."],
    "diagonal neighbours": ["#..", ".#.", "..#"],
    "crossed diagonals": ["#.#", ".#.", "#.#"],
    "thin line": ["#####"],
    "thin bend": ["#....", "#....", "#####"],
    "stairs": ["#....", "##...", ".##..", "..##.", "...##"],
    "hole of one voxel": ["#####", "#####", "##.##", "#####", "#####"],
    "holes that touch at a corner": ["#####", "#.###", "##.##", "#####"],
    "thin ring": ["#####", "#...#", "#...#", "#####"],
    "island in a hole": ["#######", "#.....#", "#.....#", "#..#..#", "#.....#", "#######"],
    "open hook": [".###", "#..#", "#...", ".##."],
    "to the edge": ["####", "####"],
}


def _mask(rows: list[str]) -> Mask:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", SHAPES)
def test_awkward_shapes_come_back_exactly(name: str, reader: Reader) -> None:
    mask = _mask(SHAPES[name])
    assert (reader(trace_slice(mask), mask.shape) == mask).all()


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60, deadline=None)
@given(mask=arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)))
def test_any_mask_comes_back_exactly(reader: Reader, mask: Mask) -> None:
    assert (reader(trace_slice(mask), mask.shape) == mask).all()


def by_filling_every_ring(rings: list[FloatArray], shape: tuple[int, int]) -> Mask:
    return np.any([np.zeros(shape, bool), *(by_pixel_centre([ring], shape) for ring in rings)], axis=0)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("reader", [by_pixel_centre_with_border, by_rounding_and_filling, by_half_of_the_area])
def test_keyholes_say_the_same(name: str, reader: Reader) -> None:
    mask = _mask(SHAPES[name])
    rings = [ring for _, ring in trace_mask(mask[None], keyholes=True)]
    assert (reader(rings, mask.shape) == mask).all()


@settings(max_examples=100, deadline=None)
@given(mask=arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), fill=st.just(True)))
def test_keyholes_of_any_mask_keep_every_area(mask: Mask) -> None:
    rings = [ring for _, ring in trace_mask(mask[None], keyholes=True)]
    assert (by_half_of_the_area(rings, mask.shape) == mask).all()
    assert (by_pixel_centre_with_border(rings, mask.shape) == mask).all()


def test_with_keyholes_a_reader_that_fills_every_ring_sees_the_hole() -> None:
    ring = _mask(SHAPES["thin ring"])
    assert not (by_filling_every_ring(trace_slice(ring), ring.shape) == ring).all()
    (joined,) = (r for _, r in trace_mask(ring[None], keyholes=True))
    inside = by_filling_every_ring([joined], ring.shape)
    assert (inside <= ring).all()


@settings(max_examples=60, deadline=None)
@given(mask=arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)))
def test_rings_have_three_corners_or_more_and_no_point_within_a_straight_edge(mask: Mask) -> None:
    for ring in trace_slice(mask):
        assert len(ring) >= 3
        before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
        assert (np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-6).all()


def by_marching_squares(mask: Mask) -> list[FloatArray]:
    """What contourpy draws at our level, which cuts the corners of voxels that stand alone."""
    lines: Any = contour_generator(z=np.pad(mask, 1).astype(float)).lines(LEVEL)
    return [line[:-1, ::-1] - 1 for line in lines]


@settings(max_examples=100, deadline=None)
@given(mask=arrays(bool, array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=9)))
def test_rings_are_those_of_marching_squares_but_for_voxels_and_holes_alone(mask: Mask) -> None:
    rings = list(trace_mask(mask))
    for k in range(len(mask)):
        expected = [ring for ring in by_marching_squares(mask[k]) if len(ring) > 4]
        drawn = [ring for n, ring in rings if n == k and not _is_square(ring)]
        assert sorted(map(_corners, drawn)) == sorted(map(_corners, expected))


def _is_square(ring: FloatArray) -> bool:
    return len(ring) == 4 and (ring[0] == ring[1]).sum() == 1 and np.ptp(ring, axis=0).max() < 1.5


def _corners(ring: FloatArray) -> list[tuple[int, int]]:
    """In hundredths, from the first one on, in one direction, without what lies within straight edges."""
    points = np.rint(ring * 100).astype(int)
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    corners = [(int(j), int(i)) for j, i in points[before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]]]
    first = corners.index(min(corners))
    forward = corners[first:] + corners[:first]
    return min(forward, [forward[0], *forward[:0:-1]])


def test_batches_of_slices_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.random.default_rng(3).random((7, 9, 8)) < 0.6
    whole = list(trace_mask(mask))
    monkeypatch.setattr("pedcontour.dicom.contours.BATCH_PIXELS", 250)
    parts = list(trace_mask(mask))
    assert [k for k, _ in parts] == [k for k, _ in whole] == sorted(k for k, _ in whole)
    assert all((a == b).all() for (_, a), (_, b) in zip(parts, whole, strict=True))


@settings(max_examples=30, deadline=None)
@given(mask=arrays(bool, (6, 7)), stray=st.tuples(*[st.floats(-0.1, 0.1)] * 2))
def test_half_of_the_area_holds_when_contours_stray_by_a_tenth_of_a_voxel(
    mask: Mask, stray: tuple[float, float]
) -> None:
    rings = [ring + np.array(stray) for ring in trace_slice(mask)]
    assert (by_half_of_the_area(rings, (6, 7)) == mask).all()


def test_a_large_organ_keeps_its_area_within_three_per_mille() -> None:
    j, i = np.indices((160, 160))
    disc = (j - 80) ** 2 + (i - 80) ** 2 <= 70**2
    (ring,) = trace_slice(disc)
    following = np.roll(ring, -1, axis=0)
    area = abs((ring[:, 0] * following[:, 1] - ring[:, 1] * following[:, 0]).sum()) / 2
    assert area == pytest.approx(disc.sum(), rel=0.003)


def test_an_empty_mask_has_no_rings() -> None:
    assert list(trace_mask(np.zeros((3, 4, 5), dtype=bool))) == []


def test_rings_name_their_slice() -> None:
    mask = np.zeros((4, 5, 5), dtype=bool)
    mask[1, 2, 2] = mask[3, 1:3, 1:3] = True
    assert [k for k, _ in trace_mask(mask)] == [1, 3]


@pytest.mark.parametrize("orientation", [*POSITIONS.values(), oblique_orientation()])
def test_points_of_a_slice_land_where_the_grid_puts_them(orientation: tuple[float, ...]) -> None:
    grid = grid_for((5, 7, 9), (3.1, 0.7, 1.3), orientation)
    planes = SlicePlanes.of(made_series(grid).headers)
    points = np.array([[0.0, 0.0], [6.0, 8.0], [2.49, 3.51]])
    for k in range(5):
        expected = grid.to_lps_mm(np.column_stack((np.full(3, k), points)))
        assert planes.to_lps_mm(k, points) == pytest.approx(expected, abs=1e-6)
