"""What a file is that is no DICOM: a refusal that says `gzip` is worth more than one that says what it is not."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

STARTS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "rar"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"%PDF", "PDF"),
    (b"<?xml", "XML"),
    (b"\xef\xbb\xbf<?xml", "XML"),
    (b"<", "markup"),
    (b"{", "JSON"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"#!", "script"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
)
"""First bytes and the kind of file they mean; the first that fits counts."""


def summary_of_kinds(files: Iterable[Path]) -> str:
    """The kinds of files with their counts, ``2 PDF, 1 gzip``; empty when none is known."""
    counts = Counter(kind for kind in map(kind_of, files) if kind)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def kind_of(file: Path) -> str:
    """The kind of a file that is no DICOM, by its first bytes; empty when it is not known, or cannot be read."""
    try:
        with file.open("rb") as content:
            first = content.read(16)
    except OSError:
        return ""
    return next((kind for start, kind in STARTS if first.startswith(start)), "")
