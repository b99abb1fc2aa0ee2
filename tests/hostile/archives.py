"""Hostile zips, written byte by byte where no packer would."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping

from tests.hostile.dicoms import deflated_zeros, good_series

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def zipped(contents: Mapping[str, bytes], *, mode: int = 0) -> bytes:
    """A zip of these names, however they look."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo("x")
            entry.filename = name  # past the constructor, which would clean it
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def good_zip(**more: bytes) -> bytes:
    """The good series, and more."""
    return zipped({f"{n}.dcm": file for n, file in enumerate(good_series())} | more)


def slip(name: str) -> bytes:
    """An entry that leads elsewhere, among good ones."""
    return zipped({f"{n}.dcm": file for n, file in enumerate(good_series())} | {name: b"* * * * * root true\n"})


def link(kind: int = stat.S_IFLNK) -> bytes:
    """An entry that is a link to a system's file, or a device."""
    return zipped({"a": b"/etc/passwd"}, mode=kind | 0o777)


def bomb(mebibytes: int) -> bytes:
    """One entry of zeros."""
    packed, size = deflated_zeros(mebibytes), mebibytes * 2**20
    local = struct.pack("<4sHHHHHLLLHH", _LOCAL, 20, 0, 8, 0, 0, 0, len(packed), size, 1, 0) + b"a" + packed
    return _with_directory(local, [(0, b"a", 0, len(packed), size)])


def overlapping(entries: int, mebibytes: int) -> bytes:
    """Many entries of the directory that all are one and the same packed bytes."""
    packed, size = deflated_zeros(mebibytes), mebibytes * 2**20
    crc = zlib.crc32(bytes(size))
    local = struct.pack("<4sHHHHHLLLHH", _LOCAL, 20, 0, 8, 0, 0, crc, len(packed), size, 1, 0) + b"a" + packed
    return _with_directory(local, [(0, b"a", crc, len(packed), size)] * entries)


def countless(entries: int) -> bytes:
    """A directory of so many empty entries; the zip is of the large kind where 65 535 are not enough to say."""
    local = struct.pack("<4sHHHHHLLLHH", _LOCAL, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    return _with_directory(local, [(0, b"a", 0, 0, 0)] * entries)


def lying_sizes() -> bytes:
    """An entry that says it holds ten bytes and holds a mebibyte."""
    content = zipped({"a.dcm": bytes(2**20)})
    return content.replace(struct.pack("<L", 2**20), struct.pack("<L", 10))


def encrypted() -> bytes:
    """A good zip whose entries say that they are encrypted."""
    content = bytearray(good_zip())
    at = -1
    while (at := content.find(_CENTRAL, at + 1)) >= 0:
        content[at + 8] |= 1
    return bytes(content)


def nested(depth: int) -> bytes:
    """A zip in a zip in a zip."""
    content = zipped({"a.dcm": good_series()[0]})
    for _ in range(depth):
        content = zipped({"a.dcm": content})
    return content


def _with_directory(local: bytes, entries: list[tuple[int, bytes, int, int, int]]) -> bytes:
    directory = b"".join(
        struct.pack("<4sHHHHHHLLL", _CENTRAL, 20, 20, 0, 8 if packed else 0, 0, 0, crc, packed, size)
        + struct.pack("<HHHHHLL", len(name), 0, 0, 0, 0, 0, at)
        + name
        for at, name, crc, packed, size in entries
    )
    record = b""
    if len(entries) > 0xFFFE:
        counts = (len(entries), len(entries), len(directory), len(local))
        record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, *counts)
        record += struct.pack("<4sLQL", b"PK\x06\x07", 0, len(local) + len(directory), 1)
    few = min(len(entries), 0xFFFF)
    end = struct.pack("<4sHHHHLLH", _END, 0, 0, few, few, len(directory), len(local), 0)
    return local + directory + record + end
