"""One plane drawn to size: outlines lie where the organ ends, square millimetres stay square."""

import numpy as np
import pytest

from pedcontour.preview.panel import draw_panel
from pedcontour.preview.planes import Plane

RED = (255, 0, 0)


def plane(labels: np.ndarray, mm: tuple[float, float] = (1.0, 1.0)) -> Plane:
    black = np.zeros_like(labels)
    rows, columns = labels.shape
    return Plane("Axial", black, labels, mm, ("R", "L", "A", "P"), (columns / 2, rows / 2))


def reddest(labels: np.ndarray, size: tuple[int, int], mm: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """Where the panel shows the full colour of the outline."""
    panel = np.asarray(draw_panel(plane(labels, mm), size, {1: RED})).astype(int)
    return (panel[..., 0] > 200) & (panel[..., 1] < 60) & (panel[..., 2] < 60)


@pytest.mark.parametrize("scale", [2, 5, 9])
def test_the_outline_runs_along_the_faces_of_the_outer_pixels(scale: int) -> None:
    labels = np.zeros((60, 80), np.uint8)
    labels[20:40, 30:60] = 1
    rows, columns = np.nonzero(reddest(labels, (80 * scale, 60 * scale)))
    half_line = 2.0
    assert rows.min() == pytest.approx(20 * scale, abs=half_line)
    assert rows.max() + 1 == pytest.approx(40 * scale, abs=half_line)
    assert columns.min() == pytest.approx(30 * scale, abs=half_line)
    assert columns.max() + 1 == pytest.approx(60 * scale, abs=half_line)


def test_thick_slices_are_drawn_as_high_as_they_are() -> None:
    labels = np.zeros((20, 100), np.uint8)
    labels[5:15, 25:75] = 1  # 50 mm by 50 mm
    rows, columns = np.nonzero(reddest(labels, (400, 400), mm=(5.0, 1.0)))
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=3)


def test_an_organ_of_a_single_pixel_is_still_seen() -> None:
    labels = np.zeros((60, 80), np.uint8)
    labels[30, 40] = 1
    assert reddest(labels, (400, 300)).any()


def test_a_hole_has_an_outline_of_its_own() -> None:
    labels = np.zeros((60, 80), np.uint8)
    labels[10:50, 20:60] = 1
    labels[25:35, 35:45] = 0
    seen = reddest(labels, (400, 300))
    assert seen[5 * 25 - 2 : 5 * 25 + 3, 5 * 40].any()


def test_labels_that_are_not_in_the_results_are_not_drawn() -> None:
    labels = np.full((60, 80), 2, np.uint8)
    labels[:30] = 3
    assert not reddest(labels, (400, 300)).any()


def test_an_organ_that_fills_the_field_of_view_does_not_break_the_picture() -> None:
    assert draw_panel(plane(np.ones((30, 40), np.uint8)), (400, 300), {1: RED}).size == (400, 300)
