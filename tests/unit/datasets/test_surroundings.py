"""Arms and couches lie beside and below the body, never on it."""

import numpy as np
import pytest

from pedcontour.datasets.surroundings import AIR_BELOW_HU, add_arms, add_couch
from pedcontour.volume import Grid

HEAD_FIRST = np.array([[0, 0, 4.0, -200], [0, 4.0, 0, -160], [3.0, 0, 0, 0], [0, 0, 0, 1]])
LEFT_SIDE_DOWN = np.array([[0, -4.0, 0, 200], [0, 0, 4.0, -160], [3.0, 0, 0, 0], [0, 0, 0, 1]])


def child(affine: np.ndarray) -> tuple[np.ndarray, Grid, np.ndarray]:
    """A cylinder of soft tissue in air, its grid, and each voxel's place in mm ``(3, k, j, i)``."""
    grid = Grid((12, 100, 100), affine)
    points = np.moveaxis(grid.to_lps_mm(np.indices(grid.shape).reshape(3, -1).T), -1, 0).reshape(3, *grid.shape)
    image = np.where(np.hypot(points[0], points[1]) < 90, 40.0, -1000.0).astype(np.float32)
    return image, grid, points


@pytest.mark.parametrize("affine", [HEAD_FIRST, LEFT_SIDE_DOWN])
@pytest.mark.parametrize("seed", range(5))
def test_arms_lie_beside_the_body_in_the_patients_own_directions(affine: np.ndarray, seed: int) -> None:
    image, grid, points = child(affine)
    before = image.copy()
    add_arms(image, grid, np.random.default_rng(seed))
    painted = image != before
    assert painted.any()
    assert np.all(before[painted] < AIR_BELOW_HU)
    assert np.abs(points[0][painted]).mean() > 80
    assert (image[painted] > 0).mean() > 0.3


@pytest.mark.parametrize("seed", range(5))
def test_a_couch_lies_below_the_back(seed: int) -> None:
    image, grid, points = child(HEAD_FIRST)
    before = image.copy()
    add_couch(image, grid, np.random.default_rng(seed))
    painted = image != before
    assert painted.any()
    assert np.all(before[painted] < AIR_BELOW_HU)
    assert points[1][painted].mean() > 70


def test_a_scan_without_a_body_is_no_obstacle() -> None:
    _, grid, _ = child(HEAD_FIRST)
    air = np.full(grid.shape, -1000, np.float32)
    add_arms(air, grid, np.random.default_rng(0))
    assert np.isfinite(air).all()
