"""What a DICOM header says, without surprises: only sound elements are kept, and asking never raises or warns.

pydicom converts values when they are first asked for, and then raises or warns as it goes, quoting the value. Here
every value is tried once, out of hearing.
"""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import isfinite
from numbers import Number
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.uid import UID

MAX_VALUE_BYTES = 64 * 1024
"""Longer values are not kept in headers: what results quote is text, and short."""

MAX_NESTING = 8
"""Deeper sequences are not kept in headers: CT images use four levels."""

UID_PATTERN = re.compile(r"[0-9.]{1,64}")
"""What passes for a UID: it becomes part of names and messages, so no other character may."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""A number as DICOM writes it (PS3.5 6.2). Python would read more, such as ``1_5`` and a number with a line's end."""

_CHARACTER_SET = re.compile(r"(ISO[ _-]?(IR|2022[ _-]?IR)[ _-]?[0-9]{1,3}|GB18030|GBK)?", re.IGNORECASE)
"""Defined terms of Specific Character Set (PS3.3 C.12.1.1.2), with the misspellings that scanners write."""

Readable = set[tuple[int, str | None, bytes | None]]
"""Tag, VR and bytes of values that pydicom has converted without complaint."""

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
logging.getLogger("pydicom").addFilter(lambda record: not _quiet.get())


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Hold back pydicom's warnings and log lines: they quote values, and those may be a patient's."""
    before = _quiet.set(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        _quiet.reset(before)


def slim_header(header: Dataset, readable: Readable) -> Dataset:
    """Only what results may quote: standard elements that are short, shallow and readable, still in their own bytes.

    Elements that the parser skipped as longer than ``MAX_VALUE_BYTES`` go, and so do sequences deeper than
    ``MAX_NESTING``. ``readable`` remembers, between the headers of a series, what was found sound before.
    """
    kept = Dataset()
    for tag in header.keys():  # noqa: SIM118 - iterating the data set itself would convert every element
        element = header.get_item(tag, keep_deferred=True)
        if not tag.is_private and element is not None and _is_sound(element, header, readable, 1):
            kept[tag] = element
    implicit, little_endian = header.original_encoding
    kept.set_original_encoding(bool(implicit), bool(little_endian), header.original_character_set)
    return kept


def uid_of(header: Dataset, keyword: str) -> str:
    """A UID of the header, empty when it is missing or not ``[0-9.]{1,64}``."""
    value = text_of(header, keyword)
    return value if UID_PATTERN.fullmatch(value) else ""


def is_standard(uid: str) -> bool:
    """Whether a UID is one that the DICOM standard defines."""
    return bool(UID_PATTERN.fullmatch(uid)) and UID(uid).name != uid


def text_of(header: Dataset, keyword: str) -> str:
    """A text value of the header without padding, several joined by a backslash; empty when missing or unreadable.

    Good for codes, UIDs and comparing; names in other character sets come out as their bytes would in Latin-1.
    """
    raw = _raw_bytes(header, keyword)
    if raw is not None:
        parts = raw.decode("latin-1").split("\\")
    else:
        value = _value(header, keyword)
        parts = [] if value is None else [str(part) for part in (value if hasattr(value, "append") else [value])]
    return "\\".join(part.strip(" \0") for part in parts)


def numbers_of(header: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Exactly ``count`` finite numbers of the header, or None."""
    values: Any = None
    if dictionary_VR(keyword) in ("DS", "IS") and _raw_bytes(header, keyword) is not None:
        values = text_of(header, keyword).split("\\")
        if len(values) != count or not all(map(_NUMBER.fullmatch, values)):
            return None
    else:
        values = _value(header, keyword)
        values = values if hasattr(values, "append") else [values]
    try:
        numbers = tuple(float(number) for number in values)
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if len(numbers) == count and all(map(isfinite, numbers)) else None


def has_known_characters(header: Dataset) -> bool:
    """Whether the character set is one of DICOM's, or is written nearly so.

    pydicom takes any other term for the name of a Python codec, and there are some that inflate or run without end.
    """
    return all(_CHARACTER_SET.fullmatch(term) for term in text_of(header, "SpecificCharacterSet").split("\\"))


def integer_of(header: Dataset, keyword: str) -> int | None:
    """A whole number of the header, or None."""
    numbers = numbers_of(header, keyword, 1)
    return int(numbers[0]) if numbers and numbers[0].is_integer() else None


def _is_sound(element: DataElement | RawDataElement, parent: Dataset, readable: Readable, depth: int) -> bool:
    """Whether a value can be converted, and a sequence with all within it, without surprises later."""
    if isinstance(element, RawDataElement):
        key = (int(element.tag), element.VR, element.value)
        if key in readable:
            return True
        converted = _converted(element, parent)
        if converted is None:
            return False
        if converted.VR != "SQ":
            readable.add(key)
        element = converted
    return element.VR != "SQ" or _is_shallow(element, readable, depth)


def _converted(element: RawDataElement, parent: Dataset) -> DataElement | None:
    """The element as pydicom understands it; None when it was skipped as too long, or holds something else."""
    if element.value is None and element.length:
        return None
    try:
        converted = convert_raw_data_element(element, encoding=parent.original_character_set, ds=parent)
    except Exception:
        return None
    return converted if converted.VR not in ("DS", "IS") or _holds_numbers(converted) else None


def _is_shallow(sequence: DataElement, readable: Readable, depth: int) -> bool:
    return depth <= MAX_NESTING and all(
        _is_sound(inner, item, readable, depth + 1)
        for item in sequence.value
        for tag in item.keys()  # noqa: SIM118
        if (inner := item.get_item(tag)) is not None
    )


def _holds_numbers(element: DataElement) -> bool:
    """Whether a decimal or integer string holds numbers: pydicom hands on the text of those that do not."""
    parts = element.value if hasattr(element.value, "append") else [element.value]
    return all(part in (None, "") or isinstance(part, Number) for part in parts)


def _raw_bytes(header: Dataset, keyword: str) -> bytes | None:
    """The bytes of a value that pydicom has not converted yet: reading them leaves the header as it is."""
    element = header.get_item(keyword)
    return element.value if isinstance(element, RawDataElement) else None


def _value(header: Dataset, keyword: str) -> Any:
    try:
        return header.get(keyword)
    except Exception:  # conversions of pydicom raise at will
        return None
