"""The frames of a BINARY segmentation, from one frame a slice that highdicom laid out.

A frame of a segment on a slice says the same as any other segment's on that slice, but for the number of its segment.
So highdicom makes one item a slice, as for an image of a few pixels, and every frame's item is a copy of its slice's
with two numbers changed. Made one by one, the items of 2500 frames take longer than everything else of the file.
"""

import struct
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_sequence_item

from pedcontour.dicom.attributes import as_bytes
from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.rois import Roi
from pedcontour.volume import Box

STAND_IN_SHAPE = (1, 8)
"""Rows and columns of the images that highdicom lays frames out for: whole bytes, and nearly nothing to look at."""

FRAME_GROUPS, PIXEL_DATA = 0x52009230, 0x7FE00010

_INDEX_VALUES = bytes.fromhex("20005791") + b"UL\x08\0"
"""Dimension Index Values, two of them, in explicit VR little endian; the first is that of the segment."""

_SEGMENT_NUMBER = bytes.fromhex("62000b00") + b"US\x02\0"
"""Referenced Segment Number, which ends an item: no element of a frame has a higher tag."""

Frame = tuple[Roi, Box, int]
"""A region, its box, and the slice's place among those that highdicom laid out."""


def stand_in_labels(result: ContouredSeries) -> npt.NDArray[np.uint8]:
    """A label map of ``STAND_IN_SHAPE`` with one region on every slice that shows any."""
    labels = np.zeros((result.series.volume.grid.shape[0], *STAND_IN_SHAPE), np.uint8)
    for _, box, mask in result.masks():
        labels[box[0]][mask.any(axis=(1, 2))] = result.rois[0].number
    return labels


def fill_frames(seg: Dataset, result: ContouredSeries) -> None:
    """Turn a segmentation of the stand-in labels into one of ``result``: its size, its frames, its pixels."""
    items = list(seg.PerFrameFunctionalGroupsSequence)
    slice_of = {uid: k for k, uid in enumerate(result.series.instance_uids)}
    sources = (item.DerivationImageSequence[0].SourceImageSequence[0] for item in items)
    order = [slice_of[source.ReferencedSOPInstanceUID] for source in sources]
    frames = [(roi, box, place) for roi, box, mask in result.masks() for place in _places(order, box, mask)]
    patterns = [_encoded(item) for item in items]
    groups = b"".join(_for_segment(patterns[place], roi.number) for roi, _, place in frames)
    _, seg.Rows, seg.Columns = result.series.volume.grid.shape
    seg.NumberOfFrames = len(frames)
    seg[FRAME_GROUPS] = as_bytes(FRAME_GROUPS, groups)
    seg[PIXEL_DATA] = as_bytes(PIXEL_DATA, b"".join(_packed(frames, order, result)))._replace(VR="OB")


def _places(order: Sequence[int], box: Box, mask: npt.NDArray[np.bool_]) -> Iterator[int]:
    """The places of the slices that show a region."""
    shown: npt.NDArray[np.bool_] = np.asarray(mask.any(axis=(1, 2)))
    for place, k in enumerate(order):
        if box[0].start <= k < box[0].stop and shown[k - box[0].start]:
            yield place


def _encoded(item: Dataset) -> bytes:
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = False, True
    write_sequence_item(out, item, ["iso8859"])
    return out.getvalue()


def _for_segment(pattern: bytes, number: int) -> bytes:
    """A slice's item for another segment."""
    before, found, after = pattern.partition(_INDEX_VALUES)
    if not found or after[-10:-2] != _SEGMENT_NUMBER:
        raise ValueError("the library lays out frames in another way")
    return b"".join((before, found, struct.pack("<L", number), after[4:-2], struct.pack("<H", number)))


def _packed(frames: Sequence[Frame], order: Sequence[int], result: ContouredSeries) -> Iterator[bytes]:
    """The frames' pixels, a bit each: eight frames at a time, which fill whole bytes whatever their size."""
    voxels = result.labels.voxels
    pixels = np.zeros((8, *voxels.shape[1:]), np.bool_)
    for first in range(0, len(frames), 8):
        pixels[:] = False
        some = frames[first : first + 8]
        for frame, (roi, box, place) in zip(pixels, some, strict=False):
            np.equal(voxels[order[place]][box[1:]], roi.number, out=frame[box[1:]])
        yield np.packbits(pixels[: len(some)], bitorder="little").tobytes()
