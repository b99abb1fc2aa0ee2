"""One file to one instance: its header, checked and without pixels, or word that it is no DICOM.

pydicom reads whatever it can and is not a validator, so the limits are set here: how large a file, how far a deflated
data set may grow. Nothing but ``Instance`` or None comes out.
"""

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from pedcontour.dicom.headers import MAX_VALUE_BYTES, Readable, quiet_pydicom, slim_header, uid_of

MAX_FILE_BYTES = 256 * 2**20
"""Larger files are not opened: a single CT slice of 4096 x 4096 has 32 MiB."""

MAX_INFLATED_BYTES = 64 * 2**20
"""A deflated data set may grow to this: twice the largest slice. Deflate can hide 1000 bytes in one."""

MAX_HEADER_BYTES = 2 * 2**20
"""What is read of a header, long values that are skipped not counted: ten times what a scanner writes."""

MAX_ELEMENTS = 5000
"""Elements of a header: ten times what a scanner writes, private ones included."""

_META_BYTES = 64 * 1024
_PREAMBLE = 128
_FIRST_GROUP = 0x0008
_CONTENT_SEQUENCE = 0x0040A730
_SEGMENTATION_GROUP = 0x0062


@dataclass(frozen=True, eq=False)
class Instance:
    """One DICOM data set on disk.

    ``header`` is the data set up to its pixels, without private, very long, too deeply nested or unreadable elements.
    ``syntax`` is the transfer syntax UID; ``pixels_at`` is where reading stopped: an offset in the file or, of a
    deflated one, in the inflated data set.
    """

    path: Path
    header: Dataset
    syntax: str
    implicit: bool
    little_endian: bool
    pixels_at: int

    @cached_property
    def uid(self) -> str:
        """SOP Instance UID, empty when missing or malformed."""
        return uid_of(self.header, "SOPInstanceUID")

    @cached_property
    def series_uid(self) -> str:
        """Series Instance UID, empty when missing or malformed."""
        return uid_of(self.header, "SeriesInstanceUID")


def read_instance(path: Path, readable: Readable | None = None) -> Instance | None:
    """The header of a DICOM file with or without preamble, in any uncompressed, deflated or encapsulated syntax.

    None when the file is not DICOM, too large, unreadable or broken beyond its first elements. Never raises.
    ``readable`` carries over, between the files of one series, which values have been found sound: most are the same
    in every slice.
    """
    with quiet_pydicom():
        try:
            return _read(path, set() if readable is None else readable)
        # A parser of hostile bytes: pydicom raises whatever its first assumption to break happens to raise.
        except (Exception, RecursionError):
            return None


def open_after_header(instance: Instance) -> BinaryIO:
    """The instance's file, or its inflated data set, as a stream that stands where the header ended.

    Raises ``ValueError`` when it is larger than allowed, ``OSError`` or ``zlib.error`` when it cannot be read.
    """
    if instance.syntax != DeflatedExplicitVRLittleEndian:
        stream: BinaryIO = instance.path.open("rb")
    else:
        content = _content(instance.path)
        stream = BytesIO(_inflated(content[_file_meta(content)[1] :]))
    stream.seek(instance.pixels_at)
    return stream


def _content(path: Path) -> bytes:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError("file too large")
    return path.read_bytes()


def _read(path: Path, readable: Readable) -> Instance | None:
    content = _content(path)
    syntax, start = _file_meta(content)
    implicit, little_endian = _encoding(syntax, content[start : start + 6])
    if not syntax:
        if not _looks_like_a_data_set(content[start : start + 8]):
            return None
        explicit = ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian
        syntax = ImplicitVRLittleEndian if implicit else explicit
    body = _body(content, start, syntax)
    header = read_dataset(body, implicit, little_endian, stop_when=_is_past_header, defer_size=MAX_VALUE_BYTES)
    if not 0 < len(header) <= MAX_ELEMENTS:
        return None
    implicit = bool(header.original_encoding[0])  # what pydicom found, whatever the transfer syntax claims
    return Instance(path, slim_header(header, readable), syntax, implicit, little_endian, body.tell())


class _Metered(BytesIO):
    """Bytes in memory of which only so many may be read: a parser turns a little into many objects."""

    left = MAX_HEADER_BYTES

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self.left -= len(piece)
        if self.left < 0:
            raise ValueError("header too large")
        return piece


def _body(content: bytes, start: int, syntax: str) -> _Metered:
    """The data set as a stream at its start."""
    if syntax == DeflatedExplicitVRLittleEndian:
        return _Metered(_inflated(content[start:]))
    body = _Metered(content)
    body.seek(start)
    return body


def _is_past_header(tag: BaseTag, vr: str | None, length: int) -> bool:
    """Stop before reports, segments, contours, functional groups and pixels: no patient, study or plane lies beyond."""
    return tag == _CONTENT_SEQUENCE or tag.group >= _SEGMENTATION_GROUP


def _file_meta(content: bytes) -> tuple[str, int]:
    """Transfer syntax UID, empty if not said, and where the data set starts.

    File meta information (group 2) is always explicit little endian (PS3.10 7.1), with or without preamble before it.
    """
    at = _PREAMBLE + 4 if content[_PREAMBLE : _PREAMBLE + 4] == b"DICM" else 0
    syntax = ""
    while at + 12 <= len(content) and at < _META_BYTES:
        group, element, vr, length = struct.unpack_from("<HH2sH", content, at)
        if group != 0x0002:
            break
        at += 8
        if vr in (b"OB", b"UN", b"UT", b"OW", b"SQ"):
            (length,) = struct.unpack_from("<L", content, at)
            at += 4
        if element == 0x0010:
            syntax = content[at : at + length].decode("ascii", "replace").strip(" \0")
        at += length
    return syntax, at


def _encoding(syntax: str, first: bytes) -> tuple[bool, bool]:
    """Implicit VR and little endian, from the transfer syntax or, without one, from the first element."""
    if syntax == ImplicitVRLittleEndian:
        return True, True
    if syntax == ExplicitVRBigEndian:
        return False, False
    if syntax:
        return False, True
    explicit = first[4:6].isalpha() and first[4:6].isupper()
    return not explicit, not (explicit and first[:1] == b"\0")


def _looks_like_a_data_set(first: bytes) -> bool:
    """Files without meta information: only those that start with group 8, as every composite object does."""
    return len(first) == 8 and first[:2] in (struct.pack("<H", _FIRST_GROUP), struct.pack(">H", _FIRST_GROUP))


def _inflated(deflated: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflater.decompress(deflated, MAX_INFLATED_BYTES)
    if inflater.unconsumed_tail:
        raise ValueError("deflated data set too large")
    return plain
