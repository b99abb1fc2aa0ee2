"""Other people's segmentations are read bit for bit as highdicom reads them."""

from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread

from pedcontour.dicom.seg_reader import seg_frames
from pedcontour.volume import FloatArray


@pytest.mark.parametrize(
    "name",
    [
        "dcmqi-segmentations/liver.dcm",
        "dcmqi-segmentations/partial_overlaps.dcm",
        "highdicom-test_files/seg_image_ct_binary.dcm",
        "highdicom-test_files/seg_image_ct_binary_overlap.dcm",
    ],
)
def test_frames_equal_those_of_another_reader(samples: Path, name: str) -> None:
    path = samples / name
    frames = list(seg_frames(dcmread(path)))
    expected = hd.seg.segread(path).pixel_array.reshape(len(frames), *frames[0].mask.shape)
    assert (np.stack([frame.mask for frame in frames]) == expected).all()


def test_a_label_map_equals_that_of_another_reader(samples: Path) -> None:
    path = samples / "dcmqi-segmentations/sparse-labelmap-noppv.dcm"
    frames = list(seg_frames(dcmread(path)))
    expected = hd.seg.segread(path).pixel_array
    shown = np.zeros_like(expected)
    for frame in frames:
        shown[_frame_at(frame.corners_mm, path)][frame.mask] = frame.segment
    assert {frame.segment for frame in frames} == set(np.unique(expected[expected > 0]))
    assert (shown == expected).all()


def _frame_at(corners_mm: FloatArray, path: Path) -> int:
    """The number of the frame that begins at the first corner."""
    frames = dcmread(path).PerFrameFunctionalGroupsSequence
    starts = np.array([groups.PlanePositionSequence[0].ImagePositionPatient for groups in frames], float)
    return int(np.abs(starts - corners_mm[0]).sum(axis=1).argmin())


def test_a_fractional_segmentation_is_refused(samples: Path) -> None:
    dataset = dcmread(samples / "dcmqi-segmentations/liver.dcm")
    dataset.SegmentationType = "FRACTIONAL"
    with pytest.raises(ValueError, match="neither"):
        list(seg_frames(dataset))
