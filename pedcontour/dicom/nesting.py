"""How deep a header is and how much it holds, found without recursion before a parser recurses into it."""

import struct
from dataclasses import dataclass

MAX_PARSED_NESTING = 64
"""Deeper data sets are not parsed: CT images use four levels, and a parser recurses once and again for each."""

MAX_PARSED_ELEMENTS = 20_000
"""More elements of a header, those within sequences counted, are not parsed: each becomes an object of a kilobyte."""

MAX_WALKED_ELEMENTS = 5_000_000
"""Elements of a structure set that are walked over: a thousand regions of a thousand slices have as many."""

MAX_NESTING_OF_CONTOURS = 16
"""Sequences within sequences of a structure set: the standard's deepest, the images of a structure set, is four."""

_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
"""Value representations whose length has four bytes in explicit VR (PS3.5 7.1.2)."""

_CONTENT_SEQUENCE, _SEGMENTATION_GROUP = 0x0040A730, 0x0062
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF


def is_past_header(tag: int) -> bool:
    """Whether reports, segments, contours, functional groups or pixels begin: no patient, study, plane beyond."""
    return tag == _CONTENT_SEQUENCE or tag >> 16 >= _SEGMENTATION_GROUP


@dataclass(frozen=True)
class _Level:
    """An open sequence or item: where it ends (None: at its delimiter), and how its elements are encoded."""

    end: int | None
    implicit: bool
    is_sequence: bool


def is_too_much(content: bytes, start: int, *, implicit: bool, little_endian: bool) -> bool:
    """Whether the header that begins at ``start`` is deeper or has more elements than is parsed.

    What makes no sense ends the look: it is for the parser to refuse.
    """
    walk = _Walk(content, start, "<" if little_endian else ">", [_Level(None, implicit, is_sequence=False)])
    for _ in range(MAX_PARSED_ELEMENTS):
        if not walk.step():
            return False
        if sum(level.is_sequence for level in walk.levels) > MAX_PARSED_NESTING:
            return True
    return True


def is_whole(content: bytes, *, implicit: bool, little_endian: bool) -> bool:
    """Whether elements, from the first to the last byte, all end where they say that they do.

    Readers take what a file that was cut off still holds, and say nothing of what is gone. Zeros at the end are
    padding.
    """
    walk = _Walk(content, 0, "<" if little_endian else ">", [_Level(None, implicit, is_sequence=False)], to_end=True)
    for _ in range(MAX_WALKED_ELEMENTS):
        if not walk.step():
            rest = content[walk.at :]
            return len(walk.levels) == 1 and walk.at <= len(content) and not rest.strip(b"\0")
        if sum(level.is_sequence for level in walk.levels) > MAX_NESTING_OF_CONTOURS or not walk.fits():
            return False
    return False


@dataclass
class _Walk:
    content: bytes
    at: int
    order: str
    levels: list[_Level]
    to_end: bool = False
    """Go on beyond the header."""

    def fits(self) -> bool:
        """Whether the innermost level ends within the one around it, and what was skipped ended within its own."""
        ends = [level.end for level in self.levels if level.end is not None]
        return ends == sorted(ends, reverse=True) and self.at <= min([*ends, len(self.content)])

    def step(self) -> bool:
        """Go over the next element, or into it; False at the end, or where nothing makes sense any more."""
        while len(self.levels) > 1 and self.levels[-1].end is not None and self.at >= self.levels[-1].end:
            self.levels.pop()
        if self.at + 8 > len(self.content):
            return False
        group, element = struct.unpack_from(self.order + "HH", self.content, self.at)
        tag = group << 16 | element
        if tag in (_ITEM, _ITEM_END, _SEQUENCE_END):
            return self._delimit(tag)
        if len(self.levels) == 1 and is_past_header(tag) and not self.to_end:
            return False
        return self._enter_or_skip()

    def _delimit(self, tag: int) -> bool:
        (length,) = struct.unpack_from(self.order + "L", self.content, self.at + 4)
        self.at += 8
        if tag == _ITEM:
            self.levels.append(_Level(self._end_of(length), self.levels[-1].implicit, is_sequence=False))
        elif len(self.levels) > 1:
            self.levels.pop()
        return True

    def _enter_or_skip(self) -> bool:
        implicit = self.levels[-1].implicit
        vr = b"" if implicit else self.content[self.at + 4 : self.at + 6]
        long_form = vr in _LONG_VRS
        if long_form and self.at + 12 > len(self.content):
            return False
        where, form = (4, "L") if implicit else (8, "L") if long_form else (6, "H")
        (length,) = struct.unpack_from(self.order + form, self.content, self.at + where)
        self.at += 12 if long_form else 8
        if length == _UNDEFINED or vr == b"SQ" or (vr in (b"", b"UN") and self._is_at_item()):
            # A sequence of unknown VR is in implicit VR within (PS3.5 6.2.2).
            self.levels.append(_Level(self._end_of(length), implicit or vr == b"UN", is_sequence=True))
        else:
            self.at += length
        return True

    def _end_of(self, length: int) -> int | None:
        return None if length == _UNDEFINED else self.at + length

    def _is_at_item(self) -> bool:
        return self.content[self.at : self.at + 4] == struct.pack(self.order + "HH", 0xFFFE, 0xE000)
