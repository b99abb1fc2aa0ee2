"""The size that a compressed image states itself, read from its first bytes before a decoder takes memory for it."""

import struct

from pydicom.uid import JPEG2000, JPEG2000Lossless, RLELossless

_J2K_START = b"\xff\x4f\xff\x51"
"""Start of codestream and the SIZ marker that must follow it (ISO/IEC 15444-1 A.4.1, A.5.1)."""

_JPEG_START = b"\xff\xd8"

_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15 of JPEG (ISO/IEC 10918-1 B.1.1.3) without DHT, JPG, DAC; SOF55 of JPEG-LS (ISO/IEC 14495-1 C.1.1)."""


def stated_size(syntax: str, frame: bytes) -> tuple[int, int] | None:
    """(Rows, columns) that the codestream of one frame states; None when its syntax, RLE, states none.

    Raises ``ValueError`` when the codestream should state its size and does not.
    """
    if syntax == RLELossless:
        return None
    if syntax in (JPEG2000, JPEG2000Lossless):
        return _j2k_size(frame)
    return _jpeg_size(frame)


def _j2k_size(content: bytes) -> tuple[int, int]:
    at = content.find(_J2K_START)
    if at < 0 or len(content) < at + 24:
        raise ValueError("no JPEG 2000 codestream")
    width, height, left, top = struct.unpack_from(">4L", content, at + 8)
    return height - top, width - left


def _jpeg_size(content: bytes) -> tuple[int, int]:
    at = len(_JPEG_START) if content.startswith(_JPEG_START) else len(content)
    while at <= len(content) - 9:
        if content[at] != 0xFF:
            break
        marker = content[at + 1]
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return height, width
        at += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", content, at + 2)[0]
    raise ValueError("no JPEG frame header")
