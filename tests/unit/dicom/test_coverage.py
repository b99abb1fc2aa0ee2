"""Polygon areas, pixel by pixel, against geometry known by other means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.dicom.coverage import covered_area
from pedcontour.volume import FloatArray


def rectangle(top: float, left: float, bottom: float, right: float) -> FloatArray:
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])


def area(*rings: FloatArray, shape: tuple[int, int] = (8, 9)) -> FloatArray:
    return covered_area(rings, [0] * len(rings), (1, *shape))[0]


def test_a_rectangle_covers_the_product_of_its_overlaps() -> None:
    covered = area(rectangle(1.75, 2.0, 3.9, 5.25))
    rows = np.array([0, 0, 0.75, 1, 0.4, 0, 0, 0])
    columns = np.array([0, 0, 0.5, 1, 1, 0.75, 0, 0, 0])
    assert covered == pytest.approx(np.outer(rows, columns), abs=1e-12)


def test_a_pixel_cut_along_its_diagonal_is_half_covered() -> None:
    assert area(np.array([[1.5, 1.5], [1.5, 2.5], [2.5, 2.5]]))[2, 2] == pytest.approx(0.5)


def test_the_way_round_does_not_matter() -> None:
    ring = np.array([[0.2, 1.1], [5.3, 0.4], [6.1, 7.7], [2.2, 4.0]])
    assert area(ring) == pytest.approx(area(ring[::-1]), abs=1e-12)


@pytest.mark.parametrize("turned", [False, True])
def test_a_hole_takes_its_area_away_even_within_one_pixel(turned: bool) -> None:
    hole = rectangle(2.8, 2.8, 3.2, 3.2)
    covered = area(rectangle(2.6, 2.6, 3.4, 3.4), hole[::-1] if turned else hole)
    assert covered[3, 3] == pytest.approx(0.64 - 0.16)


def test_an_island_in_a_hole_counts_again() -> None:
    covered = area(rectangle(-0.5, -0.5, 7.5, 8.5), rectangle(0.5, 0.5, 6.5, 7.5), rectangle(2.5, 2.5, 3.5, 3.5))
    assert covered[3, 3] == pytest.approx(1)
    assert covered[1, 1] == pytest.approx(0)
    assert covered[0, 0] == pytest.approx(1)


def test_a_keyhole_is_a_hole() -> None:
    outer, inner = rectangle(0.5, 0.5, 6.5, 6.5), rectangle(2.5, 2.5, 4.5, 4.5)[::-1]
    ring = np.concatenate((outer, outer[:1], np.roll(inner, 1, axis=0), np.roll(inner, 1, axis=0)[:1]))
    covered = area(ring)
    assert covered[3:5, 3:5] == pytest.approx(np.zeros((2, 2)), abs=1e-12)
    assert covered.sum() == pytest.approx(36 - 4)


def test_rings_that_overlap_leave_out_what_they_share() -> None:
    covered = area(rectangle(-0.5, -0.5, 3.5, 3.5), rectangle(1.5, 1.5, 5.5, 5.5))
    assert covered[2, 2] == pytest.approx(0)
    assert covered[0, 0] == covered[5, 5] == pytest.approx(1)


def test_rings_of_one_plane_do_not_reach_into_another() -> None:
    covered = covered_area([rectangle(0.5, 0.5, 2.5, 2.5), rectangle(1.5, 1.5, 3.5, 3.5)], [0, 2], (3, 5, 5))
    assert covered.sum(axis=(1, 2)) == pytest.approx([4, 0, 4])


def test_what_lies_outside_is_cut_off() -> None:
    covered = area(rectangle(-3.2, -7.0, 3.5, 20.0))
    assert covered[:4] == pytest.approx(np.ones((4, 9)))
    assert covered[4:] == pytest.approx(np.zeros((4, 9)), abs=1e-12)


def test_no_rings_cover_nothing() -> None:
    assert covered_area([], [], (2, 3, 4)).sum() == 0


@st.composite
def stars(draw: st.DrawFn) -> FloatArray:
    """Simple polygons of any shape: corners at growing angles around a centre."""
    radii = np.array(draw(st.lists(st.floats(0.2, 3.4), min_size=3, max_size=14)))
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False) + draw(st.floats(0, 6))
    return np.stack((3.7 + radii * np.sin(angles), 4.2 + radii * np.cos(angles)), axis=1)


@settings(max_examples=40, deadline=None)
@given(ring=stars())
def test_areas_add_up_and_agree_with_counting_points(ring: FloatArray) -> None:
    covered = area(ring)
    following = np.roll(ring, -1, axis=0)
    total = abs((ring[:, 0] * following[:, 1] - ring[:, 1] * following[:, 0]).sum()) / 2
    assert covered.sum() == pytest.approx(total, abs=1e-9)
    assert covered == pytest.approx(_by_counting(ring, (8, 9)), abs=0.06)


def _by_counting(ring: FloatArray, shape: tuple[int, int], points: int = 24) -> FloatArray:
    """Shares of area by testing a lattice of points in every pixel."""
    j = (np.arange(shape[0] * points) + 0.5) / points - 0.5
    i = (np.arange(shape[1] * points) + 0.5) / points - 0.5
    inside = np.zeros((len(j), len(i)), dtype=bool)
    for (j0, i0), (j1, i1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if j0 != j1:
            crosses = (j0 <= j) != (j1 <= j)
            at = i0 + (j - j0) / (j1 - j0) * (i1 - i0)
            inside ^= crosses[:, None] & (i[None, :] < at[:, None])
    return np.asarray(inside.reshape(shape[0], points, shape[1], points).mean(axis=(1, 3)))
