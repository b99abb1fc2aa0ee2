"""Depth is found without recursion, in every encoding, and nonsense ends the look."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedcontour.dicom.nesting import MAX_PARSED_ELEMENTS, MAX_PARSED_NESTING, is_too_much, is_whole
from tests.hostile.dicoms import nested


def implicit_nested(depth: int, order: str = "<") -> bytes:
    """Sequences of defined length in implicit VR."""
    inner = b""
    for _ in range(depth):
        item = struct.pack(order + "HHL", 0xFFFE, 0xE000, len(inner)) + inner
        inner = struct.pack(order + "HHL", 0x0008, 0x1140, len(item)) + item
    return inner


@pytest.mark.parametrize("defined_length", [True, False])
@pytest.mark.parametrize(
    ("depth", "too_deep"), [(1, False), (MAX_PARSED_NESTING, False), (MAX_PARSED_NESTING + 1, True), (100_000, True)]
)
def test_explicit_sequences_are_counted(depth: int, too_deep: bool, defined_length: bool) -> None:
    content = b"start" + nested(depth, defined_length=defined_length)
    assert is_too_much(content, 5, implicit=False, little_endian=True) is too_deep


@pytest.mark.parametrize("depth", [MAX_PARSED_NESTING, MAX_PARSED_NESTING + 1])
def test_implicit_sequences_are_known_by_their_items(depth: int) -> None:
    assert is_too_much(implicit_nested(depth), 0, implicit=True, little_endian=True) is (depth > MAX_PARSED_NESTING)


def test_sequences_beside_each_other_are_not_deep() -> None:
    for defined_length in (True, False):
        content = nested(3, defined_length=defined_length) * 200
        assert not is_too_much(content, 0, implicit=False, little_endian=True)


def test_implicit_sequences_within_an_element_of_unknown_vr_are_counted() -> None:
    inner = implicit_nested(MAX_PARSED_NESTING)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, len(inner)) + inner
    content = struct.pack("<HH2sHL", 0x0009, 0x1001, b"UN", 0, 0xFFFFFFFF) + item
    assert is_too_much(content, 0, implicit=False, little_endian=True)


@pytest.mark.parametrize("count", [MAX_PARSED_ELEMENTS - 1, MAX_PARSED_ELEMENTS])
def test_elements_are_counted_up_to_the_end_of_the_header(count: int) -> None:
    content = struct.pack("<HH2sH", 0x0009, 0x1001, b"LO", 0) * count
    pixels = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, 8) + bytes(8)
    much = is_too_much(content + pixels, 0, implicit=False, little_endian=True)
    assert much is (count >= MAX_PARSED_ELEMENTS)


@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_any_bytes_come_to_an_end(content: bytes, implicit: bool, little_endian: bool) -> None:
    assert not is_too_much(content, 0, implicit=implicit, little_endian=little_endian)


def element(group: int, number: int, value: bytes) -> bytes:
    """An element, or an item, of defined length in implicit VR."""
    return struct.pack("<HHL", group, number, len(value)) + value


LISTS = element(0x3006, 0x0039, element(0xFFFE, 0xE000, element(0x3006, 0x0048, b"1 2 ")))
OBSERVATIONS = struct.pack("<HHLHHLHHL", 0x3006, 0x0080, 0xFFFFFFFF, 0xFFFE, 0xE000, 0, 0xFFFE, 0xE0DD, 0)
CONTOURS = LISTS + OBSERVATIONS


def test_elements_that_end_where_they_say_are_whole() -> None:
    assert is_whole(CONTOURS, implicit=True, little_endian=True)
    assert is_whole(CONTOURS + bytes(5), implicit=True, little_endian=True)
    assert is_whole(b"", implicit=True, little_endian=True)


def test_elements_that_are_cut_off_or_go_beyond_what_holds_them_are_not_whole() -> None:
    for length in set(range(1, len(CONTOURS))) - {len(LISTS)}:
        assert not is_whole(CONTOURS[:length], implicit=True, little_endian=True), length
    longer = CONTOURS.replace(element(0x3006, 0x0048, b"1 2 "), element(0x3006, 0x0048, b"1 2 3 ")[:-2])
    assert len(longer) == len(CONTOURS)
    assert not is_whole(longer, implicit=True, little_endian=True)


@given(st.binary(max_size=400), st.booleans(), st.booleans())
def test_whether_any_bytes_are_whole_is_decided(content: bytes, implicit: bool, little_endian: bool) -> None:
    is_whole(content, implicit=implicit, little_endian=little_endian)
