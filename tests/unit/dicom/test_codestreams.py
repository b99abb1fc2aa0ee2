"""Codestreams: the size comes from the frame header, wherever the markers before it end."""

import struct

import pytest
from pydicom.uid import JPEG2000, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from pedcontour.dicom.codestreams import stated_size

APPLICATION = b"\xff\xe0" + struct.pack(">H", 6) + b"\xff\xc0\x00\x00"
QUANTISATION = b"\xff\xc4" + struct.pack(">H", 4) + b"\0\0"


def frame_header(marker: int, rows: int, columns: int) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">HBHHB", 11, 12, rows, columns, 1) + bytes(3)


def j2k(width: int, height: int, left: int = 0, top: int = 0) -> bytes:
    return b"\xff\x4f\xff\x51" + struct.pack(">HH4L", 41, 0, width, height, left, top) + bytes(20)


@pytest.mark.parametrize(
    ("syntax", "content"),
    [
        (JPEGBaseline8Bit, b"\xff\xd8" + frame_header(0xC0, 30, 40)),
        (JPEGBaseline8Bit, b"\xff\xd8" + APPLICATION + QUANTISATION + b"\xff" + frame_header(0xC3, 30, 40)),
        (JPEGLSLossless, b"\xff\xd8" + frame_header(0xF7, 30, 40)),
        (JPEG2000, j2k(40, 30)),
        (JPEG2000, b"\0\0\0\x0cjP  box" + j2k(50, 32, 10, 2)),
    ],
)
def test_rows_and_columns_are_found(syntax: str, content: bytes) -> None:
    assert stated_size(syntax, content) == (30, 40)


def test_run_length_encoding_states_no_size() -> None:
    assert stated_size(RLELossless, b"anything") is None


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEG2000])
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"\xff\xd8" + APPLICATION, b"\xff\x4f\xff\x51", b"text", b"\xff\xd8\xff\xe0\xff\xff"]
)
def test_no_size_is_an_error(syntax: str, content: bytes) -> None:
    with pytest.raises(ValueError, match="JPEG"):
        stated_size(syntax, content)
