"""One file to one instance: its header, checked and without pixels; or word that it is damaged, or no DICOM.

pydicom reads whatever it can and is not a validator, so the limits are set here: how large a file, how far a deflated
data set may grow. A file that may have been a CT slice is never taken for something else: an end slice that vanished
would not be noticed by its neighbours.
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
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from pedcontour.dicom.headers import (
    MAX_VALUE_BYTES,
    UID_PATTERN,
    Readable,
    is_standard,
    quiet_pydicom,
    slim_header,
    uid_of,
)
from pedcontour.dicom.nesting import is_past_header, is_too_much
from pedcontour.errors import StoreError

MAX_FILE_BYTES = 256 * 2**20
"""Larger files are not opened: a single CT slice of 4096 x 4096 has 32 MiB."""

MAX_INFLATED_BYTES = 64 * 2**20
"""A deflated data set may grow to this: twice the largest slice. Deflate can hide 1000 bytes in one."""

MAX_HEADER_BYTES = 2 * 2**20
"""What is read of a header, long values that are skipped not counted: ten times what a scanner writes."""

MAX_ELEMENTS = 5000
"""Elements of a header: ten times what a scanner writes, private ones included."""

FIRST_BYTES = 64 * 1024
"""What is read of a file at first: nearly every header ends within it, and pixels need not come along."""

_META_BYTES = 64 * 1024
_PREAMBLE = 128
_MAGIC = b"DICM"
_START = bytes(_PREAMBLE) + _MAGIC
_FIRST_GROUP = 0x0008
_LAST_FIRST_ELEMENT = 0x0060
"""A composite object begins at the latest with its modality (0008,0060)."""


@dataclass(frozen=True, eq=False)
class Instance:
    """One DICOM data set on disk.

    ``header`` is the data set up to its pixels, without private, very long, too deeply nested or unreadable elements.
    ``syntax`` is the transfer syntax UID; ``pixels_at`` is where reading stopped: an offset in the file or, of a
    deflated one, in the inflated data set. ``stated_class`` is the SOP class that the file meta information names,
    empty if it names none; ``ends_in_header`` says that the file ended before any pixels, report or contours.
    """

    path: Path
    header: Dataset
    syntax: str
    implicit: bool
    little_endian: bool
    pixels_at: int
    stated_class: str = ""
    ends_in_header: bool = False

    @cached_property
    def uid(self) -> str:
        """SOP Instance UID, empty when missing or malformed."""
        return uid_of(self.header, "SOPInstanceUID")

    @cached_property
    def series_uid(self) -> str:
        """Series Instance UID, empty when missing or malformed."""
        return uid_of(self.header, "SeriesInstanceUID")


@dataclass(frozen=True)
class Damaged:
    """A file that may have been a CT slice and cannot be read; ``uid`` is its SOP Instance UID, empty if unknown."""

    uid: str


def read_instance(path: Path, readable: Readable | None = None) -> Instance | Damaged | None:
    """The header of a DICOM file with or without preamble, in any uncompressed, deflated or encapsulated syntax.

    None when the file is not DICOM, or says that it is something else than a CT image and cannot be read. ``Damaged``
    when it begins as DICOM does, or is empty or only zeros as a broken copy is, and gives no header.
    ``readable`` carries over, between the files of one series, which values have been found sound: most are the same
    in every slice.

    Raises ``StoreError`` when the disk does not give the file's bytes.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            content, instance = _read_from(file, size, path, set() if readable is None else readable)
    except OSError as error:
        raise StoreError(f"an input file cannot be read: {type(error).__name__}") from None
    return instance or _damaged(content, path.name)


def _read_from(file: BinaryIO, size: int, path: Path, readable: Readable) -> tuple[bytes, Instance | None]:
    """The bytes that were looked at, and what they gave: the first ones where the header ends in them, else all."""
    content = file.read(FIRST_BYTES)
    if size > MAX_FILE_BYTES:
        return content, None
    with quiet_pydicom():
        is_first_look_enough = size <= FIRST_BYTES or _file_meta(content).syntax != DeflatedExplicitVRLittleEndian
        instance = _tried(path, content, readable) if is_first_look_enough else None
        if size > FIRST_BYTES and (instance is None or instance.ends_in_header):
            content += file.read(size - len(content))
            instance = _tried(path, content, readable)
    return content, instance


def _tried(path: Path, content: bytes, readable: Readable) -> Instance | None:
    try:
        return _read(path, content, readable)
    except MemoryError:
        raise
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
        stream = BytesIO(_inflated(content[_file_meta(content).end :]))
    stream.seek(instance.pixels_at)
    return stream


def _content(path: Path) -> bytes:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError("file too large")
    return path.read_bytes()


def _damaged(content: bytes, name: str) -> Damaged | None:
    """What a file that gives no header is: nothing, unless it may have been a CT slice."""
    if not content.strip(b"\0") or _START.startswith(content):
        return None if name.startswith(".") else Damaged("")  # hidden and empty: a placeholder, not a broken copy
    meta = _file_meta(content)
    begins_as_dicom = meta.end > 0 or _looks_like_a_data_set(content[:8])
    if not begins_as_dicom or (is_standard(meta.sop_class) and meta.sop_class != CTImageStorage):
        return None
    return Damaged(meta.sop_instance if UID_PATTERN.fullmatch(meta.sop_instance) else "")


def _read(path: Path, content: bytes, readable: Readable) -> Instance | None:
    meta = _file_meta(content)
    syntax, start = meta.syntax, meta.end
    implicit, little_endian = _encoding(syntax, content[start : start + 6])
    if not syntax:
        if not _looks_like_a_data_set(content[start : start + 8]):
            return None
        explicit = ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian
        syntax = ImplicitVRLittleEndian if implicit else explicit
    body = _body(content, start, syntax)
    if is_too_much(body.getvalue(), body.tell(), implicit=implicit, little_endian=little_endian):
        return None
    header = read_dataset(body, implicit, little_endian, stop_when=_is_past_header, defer_size=MAX_VALUE_BYTES)
    if not 0 < len(header) <= MAX_ELEMENTS:
        return None
    implicit = bool(header.original_encoding[0])  # what pydicom found, whatever the transfer syntax claims
    stopped_at = body.tell()
    ends_in_header = stopped_at >= len(body.getvalue())  # which shares the bytes, unlike getbuffer
    kept = slim_header(header, readable)
    return Instance(path, kept, syntax, implicit, little_endian, stopped_at, meta.sop_class, ends_in_header)


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
    return is_past_header(tag)


@dataclass(frozen=True)
class _FileMeta:
    """What file meta information says, each empty if it does not, and where it ends: 0 when there is none."""

    sop_class: str
    sop_instance: str
    syntax: str
    end: int


def _file_meta(content: bytes) -> _FileMeta:
    """Class, instance and transfer syntax UID, and where the data set starts.

    File meta information (group 2) is always explicit little endian (PS3.10 7.1), with or without preamble before it.
    """
    at = _PREAMBLE + len(_MAGIC) if content[_PREAMBLE : _PREAMBLE + len(_MAGIC)] == _MAGIC else 0
    said = dict.fromkeys((0x0002, 0x0003, 0x0010), "")
    while at + 12 <= len(content) and at < _META_BYTES:
        group, element, vr, length = struct.unpack_from("<HH2sH", content, at)
        if group != 0x0002:
            break
        at += 8
        if vr in (b"OB", b"UN", b"UT", b"OW", b"SQ"):
            (length,) = struct.unpack_from("<L", content, at)
            at += 4
        if element in said and at + length <= len(content):
            said[element] = content[at : at + length].decode("ascii", "replace").strip(" \0")
        at += length
    return _FileMeta(said[0x0002], said[0x0003], said[0x0010], at)


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
    return len(first) == 8 and any(
        group == _FIRST_GROUP and element <= _LAST_FIRST_ELEMENT
        for group, element in (struct.unpack_from("<HH", first), struct.unpack_from(">HH", first))
    )


def _inflated(deflated: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflater.decompress(deflated, MAX_INFLATED_BYTES)
    if inflater.unconsumed_tail:
        raise ValueError("deflated data set too large")
    return plain
