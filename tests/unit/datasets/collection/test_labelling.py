"""Masks become one label map: who keeps a voxel, what is divided, and what is told."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pedcontour.datasets.collection.labelling import Labelled, label_case
from pedcontour.datasets.collection.matching import Matched
from pedcontour.datasets.collection.rules import built_in_rules
from pedcontour.dicom.rasterise import RoiMask
from pedcontour.errors import NothingAnnotatedError
from tests.made_series import grid_for

GRID = grid_for((6, 12, 14), (5.0, 2.0, 2.0))
ORGANS = ("liver", "gallbladder", "kidney_right", "kidney_left")
WHOLE = (slice(0, 6), slice(0, 12), slice(0, 14))


def label(
    masks: dict[int, npt.NDArray[np.bool_]],
    organs: dict[str, tuple[int, ...]],
    divided: dict[int, tuple[str, ...]] | None = None,
) -> Labelled:
    matched = Matched(organs, divided or {}, frozenset(organs), (), ())
    rois = [RoiMask(number, str(number), WHOLE, mask) for number, mask in masks.items()]
    return label_case(rois, matched, built_in_rules(), GRID, ORGANS)


def block(k: slice, j: slice, i: slice) -> npt.NDArray[np.bool_]:
    mask = np.zeros(GRID.shape, bool)
    mask[k, j, i] = True
    return mask


def test_of_two_organs_that_overlap_the_smaller_one_keeps_the_voxels_and_it_is_told() -> None:
    liver, gallbladder = block(slice(1, 5), slice(1, 11), slice(1, 9)), block(slice(2, 4), slice(4, 8), slice(3, 6))
    labelled = label({7: liver, 4: gallbladder}, {"liver": (7,), "gallbladder": (4,)})
    assert np.array_equal(labelled.labels.voxels == 2, gallbladder)
    assert np.array_equal(labelled.labels.voxels == 1, liver & ~gallbladder)
    (remark,) = labelled.remarks
    assert remark.code == "OVERLAP" and remark.text == "gallbladder took 0.5 mL from liver"


@given(
    arrays.arrays(np.bool_, (3, *GRID.shape), elements=st.sampled_from((False, True)), fill=st.just(False)),
)
def test_every_voxel_goes_to_the_smallest_organ_that_covers_it(masks: npt.NDArray[np.bool_]) -> None:
    masks[:, :, 0, 0] = True  # drawn on every slice, each organ once alone
    masks[:, 0, 0, 1:4] = np.eye(3, dtype=bool)
    numbers = {"liver": (1,), "gallbladder": (2,), "kidney_right": (3,)}
    voxels = label(dict(enumerate(masks, 1)), numbers).labels.voxels
    sizes = masks.sum(axis=(1, 2, 3))
    assert np.array_equal(voxels > 0, masks.any(axis=0))
    for number in (1, 2, 3):
        assert masks[number - 1][voxels == number].all()
        smaller = masks[sizes < sizes[number - 1]]
        assert not smaller[:, voxels == number].any()


def test_two_kidneys_in_one_roi_come_apart_by_the_patients_sides() -> None:
    right, left = block(slice(1, 4), slice(3, 8), slice(1, 4)), block(slice(1, 5), slice(3, 8), slice(9, 12))
    labelled = label({5: right | left}, {}, {5: ("kidney_right", "kidney_left")})
    assert np.array_equal(labelled.labels.voxels == 3, right)
    assert np.array_equal(labelled.labels.voxels == 4, left)


@pytest.mark.parametrize("bridge", [True, False])
def test_kidneys_that_are_one_piece_or_only_one_are_not_divided(bridge: bool) -> None:
    kidneys = block(slice(1, 4), slice(3, 8), slice(1, 12 if bridge else 4))
    liver = block(slice(5, 6), slice(0, 5), slice(0, 5))
    labelled = label({5: kidneys, 1: liver}, {"liver": (1,)}, {5: ("kidney_right", "kidney_left")})
    assert {remark.code for remark in labelled.remarks} == {"NOT_DIVIDED"}
    assert set(np.unique(labelled.labels.voxels)) == {0, 1}


def test_contours_that_enclose_no_voxel_draw_nothing() -> None:
    nothing = np.zeros(GRID.shape, bool)
    labelled = label(
        {1: block(slice(0, 2), slice(0, 3), slice(0, 3)), 2: nothing}, {"liver": (1,), "gallbladder": (2,)}
    )
    assert [remark.code for remark in labelled.remarks] == ["NO_VOXEL"]
    with pytest.raises(NothingAnnotatedError):
        label({2: nothing}, {"gallbladder": (2,)})
