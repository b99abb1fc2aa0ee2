"""What a header says about its pixels: size, depth, sign, padding, and how stored numbers become Hounsfield units."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pedcontour.dicom.headers import integer_of, numbers_of, text_of
from pedcontour.dicom.instances import Instance

MAX_MATRIX = 4096
"""Rows and columns at most: the largest CT reconstructions have 2048."""


@dataclass(frozen=True)
class PixelFormat:
    """How the numbers of one slice are stored, and what makes Hounsfield units of them.

    ``padding`` is the first and last stored value that means "no pixel here", None when there is none.
    """

    rows: int
    columns: int
    allocated: int
    stored: int
    high_bit: int
    signed: bool
    slope: float
    intercept: float
    padding: tuple[int, int] | None

    @property
    def gives_integers(self) -> bool:
        """Whether every stored value becomes a whole number of HU."""
        return self.slope.is_integer() and self.intercept.is_integer()

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Type of a stored number in memory."""
        return np.dtype(f"{'i' if self.signed else 'u'}{self.allocated // 8}")

    @property
    def frame_bytes(self) -> int:
        """Length of an uncompressed slice."""
        return self.rows * self.columns * self.allocated // 8


def pixel_format(instance: Instance) -> PixelFormat | None:
    """What the header says about the pixels; None when that is missing or out of bounds."""
    header, rescale = instance.header, rescale_of(instance)
    keywords = ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")
    rows, columns, allocated, stored, high_bit, sign = (integer_of(header, keyword) for keyword in keywords)
    if rows is None or columns is None or allocated is None or sign is None or rescale is None:
        return None
    stored = allocated if stored is None else stored
    high_bit = stored - 1 if high_bit is None else high_bit
    if allocated not in (8, 16, 32) or not 0 < stored <= high_bit + 1 <= allocated or sign not in (0, 1):
        return None
    if not (0 < rows <= MAX_MATRIX and 0 < columns <= MAX_MATRIX):
        return None
    signed = sign == 1
    return PixelFormat(
        rows, columns, allocated, stored, high_bit, signed, *rescale, _padding(instance, allocated, signed)
    )


def rescale_of(instance: Instance) -> tuple[float, float] | None:
    """Slope and intercept when they lead to HU.

    Both are required in CT (PS3.3 C.8.2.1); without them stored values have no unit, and guessing would be wrong by
    1024 HU. A Rescale Type is required only when it is not HU.
    """
    slope, intercept = (numbers_of(instance.header, f"Rescale{name}", 1) for name in ("Slope", "Intercept"))
    if slope is None or intercept is None or slope[0] <= 0:
        return None
    if text_of(instance.header, "RescaleType") not in ("", "HU"):
        return None
    return slope[0], intercept[0]


def _padding(instance: Instance, allocated: int, signed: bool) -> tuple[int, int] | None:
    """Padding values as stored numbers; writers disagree on their sign, so only the bits count."""
    first = integer_of(instance.header, "PixelPaddingValue")
    if first is None:
        return None
    last = integer_of(instance.header, "PixelPaddingRangeLimit")
    ends = sorted(_as_stored(value, allocated, signed) for value in (first, first if last is None else last))
    return ends[0], ends[1]


def _as_stored(value: int, allocated: int, signed: bool) -> int:
    value &= (1 << allocated) - 1
    return value - (1 << allocated) if signed and value >> (allocated - 1) else value
