"""The grid says where a voxel is, and refuses to guess."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedcontour.errors import GeometryMissingError
from pedcontour.volume import Grid, LabelMap, Volume


def _affine(columns: list[list[float]], origin: list[float]) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = np.array(columns).T
    affine[:3, 3] = origin
    return affine


SUPINE = Grid((10, 20, 30), _affine([[0, 0, 3.0], [0, 2.0, 0], [1.5, 0, 0]], [-20.0, -15.0, 100.0]))


def test_an_index_is_slice_row_column_and_a_point_is_left_posterior_superior() -> None:
    assert SUPINE.to_lps_mm([2, 3, 4]) == pytest.approx([-20 + 6, -15 + 6, 100 + 6])


def test_spacing_and_voxel_volume_follow_the_array_axes() -> None:
    assert SUPINE.spacing_mm == pytest.approx((3.0, 2.0, 1.5))
    assert SUPINE.voxel_volume_ml == pytest.approx(0.009)


@given(st.lists(st.floats(-500, 500), min_size=3, max_size=3))
def test_points_come_back_from_index_space(point: list[float]) -> None:
    assert SUPINE.to_lps_mm(SUPINE.to_index(point)) == pytest.approx(point, abs=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_grid_that_is_not_finite_is_refused(bad: float) -> None:
    affine = np.eye(4)
    affine[0, 3] = bad
    with pytest.raises(GeometryMissingError):
        Grid((1, 1, 1), affine)


def test_a_flat_grid_is_refused() -> None:
    with pytest.raises(GeometryMissingError):
        Grid((1, 1, 1), np.diag([1.0, 0.0, 1.0, 1.0]))


def test_a_grid_cannot_be_moved_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        SUPINE.affine[0, 3] = 5.0


def test_same_place_notices_a_hundredth_of_a_millimetre_and_forgives_rounding() -> None:
    def shifted(mm: float) -> Grid:
        affine = SUPINE.affine.copy()
        affine[1, 3] += mm
        return Grid(SUPINE.shape, affine)

    assert SUPINE.same_place(shifted(1e-5))
    assert not SUPINE.same_place(shifted(0.01))


def test_same_place_notices_a_mirrored_grid_with_the_same_box() -> None:
    flipped = SUPINE.affine.copy()
    flipped[:3, 3] += flipped[:3, 2] * 29
    flipped[:3, 2] *= -1
    assert not SUPINE.same_place(Grid(SUPINE.shape, flipped))


def test_voxels_must_fit_their_grid() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Volume(SUPINE, np.zeros((10, 30, 20), np.int16))
    with pytest.raises(ValueError, match="uint8"):
        LabelMap(SUPINE, np.zeros(SUPINE.shape, np.int16), {1: "liver"})  # type: ignore[arg-type]


def test_an_organs_volume_is_voxels_times_their_size() -> None:
    voxels = np.zeros(SUPINE.shape, np.uint8)
    voxels[:, :10, :10] = 7
    labels = LabelMap(SUPINE, voxels, {5: "liver", 7: "spleen"})
    assert labels.volume_ml("spleen") == pytest.approx(1000 * 0.009)
    assert labels.volume_ml("liver") == 0.0


def test_every_label_with_a_voxel_has_its_smallest_box() -> None:
    voxels = np.zeros(SUPINE.shape, np.uint8)
    assert LabelMap(SUPINE, voxels, {}).boxes == {}
    voxels[2:4, 5, 7:9] = 3
    voxels[9, 11, 0] = 250
    assert LabelMap(SUPINE, voxels, {}).boxes == {
        3: (slice(2, 4), slice(5, 6), slice(7, 9)),
        250: (slice(9, 10), slice(11, 12), slice(0, 1)),
    }
