"""Other people's segmentations are read bit for bit as highdicom reads them."""

from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread

from pedcontour.dicom.seg_reader import seg_frames


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


def test_a_label_map_segmentation_is_not_taken_for_a_binary_one(samples: Path) -> None:
    with pytest.raises((ValueError, AttributeError)):
        list(seg_frames(dcmread(samples / "dcmqi-segmentations/sparse-labelmap-noppv.dcm")))
