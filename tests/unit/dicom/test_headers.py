"""Headers: asking for a value gives it or nothing, and leaves the header as it was read."""

from typing import Any

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from pedcontour.dicom.headers import integer_of, numbers_of, slim_header, text_of, uid_of


def raw(keyword: str, value: bytes, vr: str | None = None) -> pydicom.Dataset:
    """A data set of one element as it is read from disk."""
    tag = pydicom.datadict.tag_for_keyword(keyword)
    assert tag is not None
    vr = vr or pydicom.datadict.dictionary_VR(tag)
    return pydicom.Dataset({Tag(tag): RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"1.2.3\0", "1.2.3"),
        (b"1.2.3 ", "1.2.3"),
        (b"", ""),
        (b"../x", ""),
        (b"1.2.3x", ""),
        (b"1" * 65, ""),
        (b"1\n2", ""),
    ],
)
def test_a_uid_is_well_formed_or_empty(value: bytes, expected: str) -> None:
    assert uid_of(raw("SOPInstanceUID", value), "SOPInstanceUID") == expected


def test_text_is_trimmed_and_several_values_stay_apart() -> None:
    assert text_of(raw("ImageType", b"ORIGINAL\\PRIMARY \\ AXIAL"), "ImageType") == "ORIGINAL\\PRIMARY\\AXIAL"
    assert text_of(pydicom.Dataset(), "ImageType") == ""
    converted = pydicom.Dataset()
    converted.ImageType = ["ORIGINAL", "PRIMARY"]
    assert text_of(converted, "ImageType") == "ORIGINAL\\PRIMARY"


def test_asking_does_not_convert() -> None:
    header = raw("PatientName", b"Phantom^Child ")
    assert text_of(header, "PatientName") == "Phantom^Child"
    assert isinstance(header.get_item("PatientName"), RawDataElement)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0.5\\0.25", (0.5, 0.25)),
        (b" 1.0\\2 ", (1.0, 2.0)),
        (b"1e-3\\-2", (0.001, -2.0)),
        (b"1", None),
        (b"1\\2\\3", None),
        (b"1\\nan", None),
        (b"1\\inf ", None),
        (b"1e999\\1", None),
        (b"1\\", None),
        (b"", None),
        (b"a\\b", None),
    ],
)
def test_numbers_are_all_there_and_finite_or_none_is(value: bytes, expected: tuple[float, ...] | None) -> None:
    assert numbers_of(raw("PixelSpacing", value), "PixelSpacing", 2) == expected


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("Rows", b"\x00\x02", 512),
        ("Rows", b"", None),
        ("Rows", b"\x00\x02\x00\x02", None),
        ("NumberOfFrames", b"3 ", 3),
        ("NumberOfFrames", b"1.5 ", None),
        ("NumberOfFrames", b"x ", None),
    ],
)
def test_whole_numbers(keyword: str, value: bytes, expected: int | None) -> None:
    assert integer_of(raw(keyword, value), keyword) == expected


@pytest.mark.parametrize(
    ("keyword", "value", "kept"),
    [
        ("PatientWeight", b"12.5", True),
        ("PatientWeight", b"", True),
        ("PatientWeight", b"heavy ", False),
        ("SeriesNumber", b"one ", False),
        ("Rows", b"\x00\x02\x00", False),
        ("PatientComments", "größer ".encode("latin-1"), True),
    ],
)
def test_only_readable_values_are_kept(keyword: str, value: bytes, kept: Any) -> None:
    header = raw(keyword, value)
    header.set_original_encoding(False, True, "ISO_IR 100")
    assert (keyword in slim_header(header, set())) == kept


def test_private_elements_are_not_kept() -> None:
    header = raw("PatientID", b"1 ")
    header.add_new(0x00091001, "LO", "private")
    header.set_original_encoding(False, True, "ISO_IR 100")
    assert [int(tag) for tag in slim_header(header, set()).keys()] == [0x00100020]  # noqa: SIM118
