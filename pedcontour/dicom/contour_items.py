"""The items of a Contour Sequence, encoded: what a slice's contours share once, their numbers all in one go.

An RTSTRUCT holds some five thousand contours with half a million coordinates. As pydicom objects they take seconds; as
bytes, which pydicom writes as they are, a fraction of one. The bytes are those that pydicom would write.
"""

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from pedcontour.dicom.contours import Rings, SlicePlanes
from pedcontour.errors import ResultError
from pedcontour.volume import FloatArray

MAX_DS_LENGTH = 16
"""Most characters of a DS value (PS3.5 6.2): planning systems reject a file with a longer one."""

_ITEM = (0xFFFE, 0xE000)
_CLASS, _INSTANCE = (0x0008, 0x1150), (0x0008, 0x1155)
"""Referenced SOP Class UID, Referenced SOP Instance UID."""
_IMAGES, _TYPE, _POINTS, _NUMBER, _DATA = ((0x3006, element) for element in (0x0016, 0x0042, 0x0046, 0x0048, 0x0050))
"""Contour Image Sequence, Contour Geometric Type, Number of Contour Points, Contour Number, Contour Data."""


class ContourSlices:
    """The slices of a series, ready to have contours drawn on them."""

    def __init__(self, headers: Sequence[Dataset]) -> None:
        self._planes = SlicePlanes.of(headers)
        closed = _text(_TYPE, b"CLOSED_PLANAR")
        self._shared = [_element(_IMAGES, image_item(header)) + closed for header in headers]

    def items(self, rings: Rings, decimals: int) -> bytes:
        """The contours of one region, numbered from 1, in implicit VR little endian.

        Raises ``ResultError`` as ``decimal_strings`` does.
        """
        slices, lengths = rings.slices.tolist(), rings.lengths.tolist()
        points_mm = self._planes.to_lps_mm(np.repeat(rings.slices, rings.lengths), rings.points)
        data = decimal_strings(points_mm, lengths, decimals)
        return b"".join(
            _item(self._shared[k], _text(_POINTS, b"%d" % length), _text(_NUMBER, b"%d" % number), _text(_DATA, text))
            for number, (k, length, text) in enumerate(zip(slices, lengths, data, strict=True), start=1)
        )


def decimal_strings(points_mm: FloatArray, lengths: Sequence[int], decimals: int) -> list[bytes]:
    """Coordinates ``(n, 3)`` as values of DS elements, one for every contour of so many points.

    With ``decimals`` digits after the point, and no minus before zero. Raises ``ResultError`` for one that takes more
    than 16 characters, as none within kilometres of the scanner does.
    """
    rounded: npt.NDArray[np.float64] = np.round(points_mm, decimals) + 0.0
    for farthest in (rounded.min(), rounded.max()):
        if len(f"{farthest:.{decimals}f}") > MAX_DS_LENGTH:
            raise ResultError(f"a coordinate does not fit {MAX_DS_LENGTH} characters with {decimals} decimals")
    words = np.column_stack([_texts(axis, decimals) for axis in rounded.T]).ravel().tolist()
    ends = (3 * np.cumsum(lengths)).tolist()
    return [b"\\".join(words[begin:end]) for begin, end in zip([0, *ends], ends, strict=False)]


def _texts(values: FloatArray, decimals: int) -> npt.NDArray[np.object_]:
    """Numbers as text, each that occurs formatted once: on axial slices, a quarter of a million points share a thousand
    values an axis.
    """
    distinct, place = np.unique(values, return_inverse=True)
    texts = [b"%.*f" % (decimals, value) for value in distinct.tolist()]
    return np.array(texts, object)[place]


def image_item(header: Dataset) -> bytes:
    """The item, encoded, by which contours and structure sets refer to a slice."""
    return _item(_uid(_CLASS, header.SOPClassUID), _uid(_INSTANCE, header.SOPInstanceUID))


def _uid(tag: tuple[int, int], uid: str) -> bytes:
    return _element(tag, uid.encode("ascii") + b"\0" * (len(uid) % 2))


def _text(tag: tuple[int, int], text: bytes) -> bytes:
    return _element(tag, text + b" " * (len(text) % 2))


def _item(*elements: bytes) -> bytes:
    return _element(_ITEM, b"".join(elements))


def _element(tag: tuple[int, int], value: bytes) -> bytes:
    """An element of even length in implicit VR little endian (PS3.5 7.1.3)."""
    return struct.pack("<HHL", *tag, len(value)) + value
