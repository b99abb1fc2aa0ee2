"""The attacks by name: uploads that hold them, and what may come of each."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pydicom

from tests.hostile import archives, dicoms
from tests.hostile.dicoms import Series, planted, raw_value, with_each, with_first

DONE = "done"
"""What becomes of an upload whose hostile part is harmless or left out."""

Upload = Series | bytes
"""Files, or one zip."""


@dataclass(frozen=True)
class Attack:
    """One row of the table. ``outcomes`` are the codes of refusals that are right, and ``DONE`` where that is."""

    name: str
    uploads: Callable[[], Iterator[Upload]]
    outcomes: frozenset[str]


def _attack(name: str, *outcomes: str) -> Callable[[Callable[[], Iterator[Upload]]], Attack]:
    return lambda uploads: Attack(name, uploads, frozenset(outcomes))


@_attack("deflate bomb", "INSTANCE_DAMAGED", "NOT_CT")
def _deflate_bombs() -> Iterator[Upload]:
    yield with_first(dicoms.deflate_bomb(100))
    yield with_first(dicoms.deflate_bomb(1000))
    yield with_each(dicoms.deflate_bomb(100))


@_attack("nested sequences, 500 and 100 000", "INSTANCE_DAMAGED", DONE)
def _nested() -> Iterator[Upload]:
    for depth in (500, 100_000):
        for defined in (True, False):
            yield with_first(planted(dicoms.nested(depth, defined_length=defined)))


@_attack("lying lengths", "INSTANCE_DAMAGED", "PIXELS_UNDECODABLE", DONE)
def _lying_lengths() -> Iterator[Upload]:
    for vr, length in ((b"UT", 0xFFFFFFFE), (b"SQ", 0x7FFFFFFF), (b"UN", 0xFFFFFFFF), (b"LO", 0xFFFF), (b"UT", 2**24)):
        yield with_first(planted(dicoms.claimed_length(vr, length)))
    yield with_first(lambda file: file[:140] + b"\xff\xff\xff\xff" + file[144:])  # of the file meta information


@_attack("65535 x 65535 pixels declared", "PIXELS_UNDECODABLE", "GEOMETRY_MIXED", "GEOMETRY_MISSING")
def _declared_sizes() -> Iterator[Upload]:
    for rows, columns in ((65535, 65535), (4096, 4096), (1, 65535), (0, 64)):
        yield with_each(dicoms.declared_size(rows, columns))
        yield with_first(dicoms.declared_size(rows, columns))


@_attack("4 GB of pixels claimed, 10 bytes present", "PIXELS_UNDECODABLE")
def _claimed_pixels() -> Iterator[Upload]:
    for length in (0xFFFFFFFE, 0xFFFFFFFF, 2**31):
        yield with_first(dicoms.claimed_pixels(length, 10))
        yield with_each(dicoms.claimed_pixels(length, 10))


@_attack("numbers that are none", "GEOMETRY_MISSING", "GEOMETRY_MIXED", "SPACING_NOT_UNIFORM", "RESCALE_MISSING")
def _numbers() -> Iterator[Upload]:
    for value in (b"nan\\nan", b"1e999\\1e999", b"1e999\nan", b"1.5\n\\1.5", b"-1\\-1", b"0\\0", b"inf\\1", b"1.5"):
        yield with_each(raw_value(0x00280030, "DS", value))
    yield with_each(raw_value(0x00200032, "DS", b"nan\\0\\0"))
    yield with_each(raw_value(0x00281053, "DS", b"1e999"))
    yield with_each(raw_value(0x00200032, "DS", b"1\\" * 500_000 + b"1"))


@_attack("a path in a UID", "UID_MISSING", "MIXED_SERIES", "NOT_CT", "FRAME_OF_REFERENCE_MISSING", "PATIENT_MIXED")
def _paths() -> Iterator[Upload]:
    for path in (b"../../../../etc/cron.d/x", b"/etc/passwd", b"..\\..\\x", b"1.2.3\x00../x", b"1.2.3/../../x"):
        for tag in (0x00080018, 0x0020000D, 0x0020000E, 0x00200052):
            yield with_each(raw_value(tag, "UI", path))


@_attack("preamble that is a program", DONE)
def _preambles() -> Iterator[Upload]:
    for start in (b"\x7fELF\x02\x01\x01", b"MZ\x90\x00", b"#!/bin/sh\nid\n", b"II*\x00", b"<svg/onload=alert(1)>"):
        yield with_each(dicoms.with_preamble(start))


@_attack("hostile character sets", "CHARACTER_SET_UNKNOWN", DONE)
def _character_sets() -> Iterator[Upload]:
    names = (
        b"ISO_IR 999",
        b"../../x",
        b"\\" * 2000,
        b"ISO 2022 IR 87\\ISO 2022 IR 159",
        b"zlib",
        b"idna",
        b"\xff\xfe",
        b"hex",
        b"utf_7",
        b"unicode_escape",
    )
    for charset in names:
        hostile = raw_value(0x00080005, "CS", charset)
        name = raw_value(0x00100010, "PN", b"\x1b$B\xff\xff\x1b(J^\x1b\x1b\x1b=\x00\x80")
        yield with_each(lambda file, hostile=hostile, name=name: name(hostile(file)))  # type: ignore[misc]


@_attack("2 million values", "INSTANCE_DAMAGED", DONE)
def _many_values() -> Iterator[Upload]:
    yield [*dicoms.good_series(), dicoms.huge_structure_set(2_000_000)]
    yield with_first(planted(b"\x08\x00\x61\x00UT\0\0" + (4_000_000).to_bytes(4, "little") + b"1\\" * 2_000_000))
    yield with_first(planted(b"\x08\x00\x61\x00UN\0\0" + (60_000).to_bytes(4, "little") + b"1\\" * 30_000))


@_attack(
    "truncated anywhere", "INSTANCE_DAMAGED", "PIXELS_UNDECODABLE", "FRAME_OF_REFERENCE_MISSING", "GEOMETRY_MISSING"
)
def _truncated() -> Iterator[Upload]:
    length = len(dicoms.good_series()[0])
    for share in range(24):
        yield with_first(lambda file, end=length * share // 24: file[:end])  # type: ignore[misc]
    for end in (1, 100, 131, 132, 140, 300, 700, 1000, 1200):
        yield with_first(lambda file, end=end: file[:end])  # type: ignore[misc]


@_attack("codestreams that lie", "PIXELS_UNDECODABLE")
def _codestreams() -> Iterator[Upload]:
    for syntax, frame in dicoms.COMPRESSED:
        yield with_first(dicoms.compressed_garbage(syntax, frame))
    for syntax in (pydicom.uid.JPEGLSLossless, pydicom.uid.JPEGLosslessSV1, pydicom.uid.JPEGBaseline8Bit):
        yield with_first(dicoms.compressed_garbage(syntax, b"\xff\xd8\xff\xc3\x00\x0b\x10\xff\xff\xff\xff\x01" * 9))


@_attack("unknown transfer syntax", "PIXELS_UNDECODABLE", "INSTANCE_DAMAGED")
def _syntaxes() -> Iterator[Upload]:
    for syntax in ("1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.6.1", "1.2.3"):
        yield with_each(dicoms.compressed_garbage(pydicom.uid.UID(syntax), b"\0" * 64))


@_attack("XML, gzip, PDF, programs", "NOT_CT", "ARCHIVE_UNSAFE")
def _foreign() -> Iterator[Upload]:
    xml = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    for content in (
        xml,
        gzip.compress(dicoms.good_series()[0]),
        b"%PDF-1.7\n" * 9,
        b"\x7fELF" * 99,
        b"7z\xbc\xaf\x27\x1c",
    ):
        yield [content]
        yield archives.zipped({"a": content})


@_attack("zip slip", "ARCHIVE_UNSAFE")
def _slips() -> Iterator[Upload]:
    for name in ("../../../../etc/cron.d/x", "/etc/cron.d/x", "..\\..\\x", "C:\\x", "a/../../x", "\\\\host\\share\\x"):
        yield archives.slip(name)


@_attack("zip bomb", "ARCHIVE_UNSAFE", "UPLOAD_TOO_LARGE")
def _bombs() -> Iterator[Upload]:
    yield archives.bomb(64)
    yield archives.bomb(1100)
    yield archives.lying_sizes()


@_attack("zip of overlapping entries", "ARCHIVE_UNSAFE", "UPLOAD_TOO_LARGE")
def _overlaps() -> Iterator[Upload]:
    yield archives.overlapping(2, 1)
    yield archives.overlapping(20_000, 4)


@_attack("zip of a million entries", "UPLOAD_TOO_LARGE")
def _countless() -> Iterator[Upload]:
    yield archives.countless(65_000)
    yield archives.countless(1_000_000)


@_attack("zip of links and devices", "ARCHIVE_UNSAFE")
def _links() -> Iterator[Upload]:
    yield archives.link()
    yield archives.link(0o020000)
    yield archives.link(0o010000)


@_attack("zips in zips", "ARCHIVE_UNSAFE")
def _nested_zips() -> Iterator[Upload]:
    yield archives.nested(1)
    yield archives.nested(50)


@_attack("encrypted or damaged zip", "ARCHIVE_UNSAFE")
def _damaged_zips() -> Iterator[Upload]:
    yield archives.encrypted()
    good = archives.good_zip()
    for share in range(1, 12):
        yield good[: len(good) * share // 12]


ATTACKS: tuple[Attack, ...] = (
    _deflate_bombs,
    _nested,
    _lying_lengths,
    _declared_sizes,
    _claimed_pixels,
    _numbers,
    _paths,
    _preambles,
    _character_sets,
    _many_values,
    _truncated,
    _codestreams,
    _syntaxes,
    _foreign,
    _slips,
    _bombs,
    _overlaps,
    _countless,
    _links,
    _nested_zips,
    _damaged_zips,
)
"""Every attack by upload; those on HTTP itself are in ``requests``."""
