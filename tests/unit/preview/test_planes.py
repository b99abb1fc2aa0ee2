"""The three planes: framed to the patient, through the organs, and the right way round."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pedcontour.orientation import CANONICAL_DIRECTIONS, AxisChange
from pedcontour.preview.planes import cut_planes
from pedcontour.volume import Grid, LabelMap, Volume

ORGANS = {1: "liver", 2: "spleen"}


def patient() -> tuple[Volume, LabelMap]:
    """A block of water in air, wider than deep, with a liver high up on the right and a spleen on the left."""
    shape = (20, 40, 60)
    affine = np.eye(4)
    affine[:3, :3] = CANONICAL_DIRECTIONS * np.array([4.0, 2.0, 2.0])
    hu = np.full(shape, -1000, np.int16)
    hu[:, 8:32, 10:50] = 0
    marks = np.zeros(shape, np.uint8)
    marks[12:18, 10:24, 12:24] = 1  # low i is the patient's right, high k the head
    marks[12:16, 20:28, 40:46] = 2
    grid = Grid(shape, affine)
    return Volume(grid, hu), LabelMap(grid, marks, ORGANS)


def test_the_patients_right_is_on_the_left_of_the_axial_and_coronal_image() -> None:
    axial, coronal, _ = cut_planes(*patient())
    for plane in (axial, coronal):
        columns = plane.labels.shape[1]
        assert np.nonzero(plane.labels == 1)[1].max() < columns / 2
        assert plane.letters[:2] == ("R", "L")


def test_the_head_is_up_in_the_coronal_and_sagittal_image() -> None:
    _, coronal, sagittal = cut_planes(*patient())
    for plane in (coronal, sagittal):
        assert np.nonzero(plane.labels)[0].mean() < plane.labels.shape[0] / 2
        assert plane.letters[2:] == ("H", "F")


def test_the_axial_and_the_coronal_plane_show_both_organs() -> None:
    for plane in cut_planes(*patient())[:2]:
        assert set(np.unique(plane.labels)) == {0, 1, 2}


def test_the_frame_leaves_the_air_out() -> None:
    axial, *_ = cut_planes(*patient())
    assert axial.labels.shape[0] < 40 and axial.labels.shape[1] < 60


def test_pixels_have_the_size_of_their_own_plane() -> None:
    axial, coronal, sagittal = cut_planes(*patient())
    assert (axial.mm, coronal.mm, sagittal.mm) == ((2.0, 2.0), (4.0, 2.0), (4.0, 2.0))


@settings(max_examples=25)
@given(st.permutations([0, 1, 2]), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_the_planes_do_not_depend_on_how_the_scanner_stored_the_series(
    axes: list[int], flips: tuple[bool, bool, bool]
) -> None:
    image, labels = patient()
    turn = AxisChange((axes[0], axes[1], axes[2]), flips)
    for before, after in zip(
        cut_planes(image, labels), cut_planes(turn.volume(image), turn.label_map(labels)), strict=True
    ):
        assert np.array_equal(before.labels, after.labels)
        assert np.array_equal(before.grey, after.grey)
        assert (before.mm, before.letters) == (after.mm, after.letters)
