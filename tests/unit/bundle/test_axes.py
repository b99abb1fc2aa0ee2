from itertools import permutations, product

import numpy as np
import pytest

from pedcontour.bundle.axes import CANONICAL_AXES, RAS_AXES, canonical_to
from pedcontour.errors import ModelError
from pedcontour.orientation import CANONICAL_DIRECTIONS
from pedcontour.volume import Grid

POINTS_LPS = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}
ALL_AXES = ["".join(letters) for pairs in permutations(("SI", "PA", "LR")) for letters in product(*pairs)]


def _canonical_grid() -> Grid:
    affine = np.eye(4)
    affine[:3, :3] = CANONICAL_DIRECTIONS
    return Grid((4, 5, 6), affine)


def test_there_are_48_orientations() -> None:
    assert len(set(ALL_AXES)) == 48


@pytest.mark.parametrize("axes", ALL_AXES)
def test_each_axis_points_where_its_letter_says(axes: str) -> None:
    turned = canonical_to(axes).grid(_canonical_grid())
    assert [tuple(column) for column in turned.directions.T] == [POINTS_LPS[letter] for letter in axes]


def test_the_canonical_orientation_changes_nothing() -> None:
    voxels = np.arange(60).reshape(3, 4, 5)
    np.testing.assert_array_equal(canonical_to(CANONICAL_AXES).array(voxels), voxels)


def test_the_orientation_after_nnunets_reorienting_flips_rows_and_columns() -> None:
    voxels = np.arange(60).reshape(3, 4, 5)
    np.testing.assert_array_equal(canonical_to(RAS_AXES).array(voxels), voxels[:, ::-1, ::-1])


@pytest.mark.parametrize("axes", ["", "SP", "SPP", "SPA", "SIL", "XYZ", "spl", "SPLS"])
def test_what_is_no_orientation_is_refused(axes: str) -> None:
    with pytest.raises(ModelError):
        canonical_to(axes)
