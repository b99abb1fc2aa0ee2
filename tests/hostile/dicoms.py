"""Hostile DICOM: a good series of CT slices as bytes, and what a sender who means harm makes of it."""

import struct
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless, RTStructureSetStorage

from pedcontour.dicom.ct_writer import write_ct_series
from tests.stand_ins.model import shaded_torso

Series = list[bytes]
"""The files of an upload."""

MODALITY = b"\x08\x00\x60\x00CS\x02\x00CT"
"""An element of every slice, explicit VR little endian: what is planted goes behind it."""


@cache
def good_series() -> tuple[bytes, ...]:
    """Twelve slices of a child with a block of its own for each organ."""
    with tempfile.TemporaryDirectory() as folder:
        write_ct_series(shaded_torso(), Path(folder))
        return tuple(file.read_bytes() for file in sorted(Path(folder).iterdir()))


def with_first(spoil: Callable[[bytes], bytes]) -> Series:
    """The good series with its first file spoilt."""
    first, *rest = good_series()
    return [spoil(first), *rest]


def with_each(spoil: Callable[[bytes], bytes]) -> Series:
    """The good series with every file spoilt."""
    return [spoil(file) for file in good_series()]


def planted(elements: bytes) -> Callable[[bytes], bytes]:
    """Put elements into the header, behind the modality."""

    def plant(content: bytes) -> bytes:
        at = content.index(MODALITY) + len(MODALITY)
        return content[:at] + elements + content[at:]

    return plant


def edited(change: Callable[[Dataset], None]) -> Callable[[bytes], bytes]:
    """Change a data set by pydicom's means, and none of its checks."""

    def edit(content: bytes) -> bytes:
        image = pydicom.dcmread(BytesIO(content))
        with pydicom.config.disable_value_validation():
            change(image)
            out = BytesIO()
            image.save_as(out)
        return out.getvalue()

    return edit


def raw_value(tag: int, vr: str, value: bytes) -> Callable[[bytes], bytes]:
    """Set an element of explicit VR little endian to bytes, whatever its VR allows: pydicom would object."""
    name = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    padded = value + b" " * (len(value) % 2)
    if len(padded) > 0xFFFF:
        element = name + b"UN\0\0" + struct.pack("<L", len(padded)) + padded
    else:
        element = name + vr.encode() + struct.pack("<H", len(padded)) + padded

    def change(content: bytes) -> bytes:
        at = content.index(name + vr.encode())
        (length,) = struct.unpack_from("<H", content, at + 6)
        return content[:at] + element + content[at + 8 + length :]

    return change


def nested(depth: int, *, defined_length: bool) -> bytes:
    """A sequence within itself, explicit VR little endian."""
    tag = b"\x08\x00\x40\x11SQ\0\0"
    if not defined_length:
        start = tag + b"\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        end = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
        return start * depth + end * depth
    levels = []
    inner = 0
    for _ in range(depth):
        levels.append(tag + struct.pack("<L", inner + 8) + b"\xfe\xff\x00\xe0" + struct.pack("<L", inner))
        inner += 20
    return b"".join(reversed(levels))


def deflated_zeros(mebibytes: int) -> bytes:
    """A raw deflate stream of zeros: one packed mebibyte that stands alone, again and again, and an end."""
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    one = deflater.compress(bytes(2**20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return one * mebibytes + deflater.flush()


def deflate_bomb(mebibytes: int) -> Callable[[bytes], bytes]:
    """The file meta information of a deflated data set, and zeros that inflate to so much."""

    def spoil(content: bytes) -> bytes:
        image = pydicom.dcmread(BytesIO(content))
        image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        meta = pydicom.filebase.DicomBytesIO()
        pydicom.filewriter.write_file_meta_info(meta, image.file_meta)
        return bytes(128) + b"DICM" + meta.getvalue() + deflated_zeros(mebibytes)

    return spoil


def declared_size(rows: int, columns: int) -> Callable[[bytes], bytes]:
    """A slice that says it has so many pixels."""

    def change(image: Dataset) -> None:
        image.Rows, image.Columns = rows, columns

    return edited(change)


def claimed_pixels(length: int, present: int) -> Callable[[bytes], bytes]:
    """Pixel Data that says it has ``length`` bytes where ``present`` follow."""

    def spoil(content: bytes) -> bytes:
        at = content.index(b"\xe0\x7f\x10\x00")
        return content[: at + 8] + struct.pack("<L", length) + bytes(present)

    return spoil


def with_preamble(start: bytes) -> Callable[[bytes], bytes]:
    """A file that is something else to another reader."""
    return lambda content: start.ljust(128, b"\0")[:128] + content[128:]


def claimed_length(vr: bytes, length: int) -> bytes:
    """An element whose value is shorter than it says."""
    tag = b"\x08\x00\x61\x00" + vr
    return tag + b"\0\0" + struct.pack("<L", length) if vr in (b"UT", b"SQ", b"UN") else tag + struct.pack("<H", length)


def huge_structure_set(values: int) -> bytes:
    """An RTSTRUCT of one contour with so many numbers, implicit VR little endian as large ones must be."""
    contour = b"1.5\\" * (values - 1) + b"1.5"
    contour += b" " * (len(contour) % 2)
    element = struct.pack("<HHL", 0x3006, 0x0050, len(contour)) + contour
    for group, number in ((0x3006, 0x0040), (0x3006, 0x0039)):
        item = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(element)) + element
        element = struct.pack("<HHL", group, number, len(item)) + item
    head = Dataset()
    head.SOPClassUID, head.SOPInstanceUID, head.Modality = RTStructureSetStorage, "1.2.3.4", "RTSTRUCT"
    out = pydicom.filebase.DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = True, True
    pydicom.filewriter.write_dataset(out, head)
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = RTStructureSetStorage, pydicom.uid.UID("1.2.3.4")
    meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    start = pydicom.filebase.DicomBytesIO()
    pydicom.filewriter.write_file_meta_info(start, meta)
    return bytes(128) + b"DICM" + start.getvalue() + out.getvalue() + element


def compressed_garbage(syntax: pydicom.uid.UID, frame: bytes) -> Callable[[bytes], bytes]:
    """A slice whose pixels claim to be compressed."""

    def change(image: Dataset) -> None:
        image.file_meta.TransferSyntaxUID = syntax
        image.PixelData = pydicom.encaps.encapsulate([frame])
        image["PixelData"].VR = "OB"
        image["PixelData"].is_undefined_length = True

    return edited(change)


LYING_J2K = b"\xff\x4f\xff\x51\x00\x29\x00\x00" + struct.pack(">8L", 65535, 65535, 0, 0, 65535, 65535, 0, 0) + bytes(64)
LYING_RLE = struct.pack("<16L", 15, *([0xFFFFFFF0] * 15)) + bytes(64)
COMPRESSED: tuple[tuple[pydicom.uid.UID, bytes], ...] = ((JPEG2000Lossless, LYING_J2K), (RLELossless, LYING_RLE))
"""Codestreams that state another size than their header, or segments far beyond their end."""
