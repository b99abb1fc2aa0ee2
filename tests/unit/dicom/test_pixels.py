"""Pixels: every transfer syntax gives the same Hounsfield units, and every oddity of storage is undone exactly."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from pedcontour.dicom.instances import Instance, read_instance
from pedcontour.dicom.pixels import read_hounsfield, read_voxels
from pedcontour.dicom.reader import read_series
from pedcontour.errors import PixelsUndecodableError, RescaleMissingError
from tests.unit.dicom.series_on_disk import edit, instance_uids, random_volume, write_series

CORNERSTONE = [
    # part of the name, largest difference in HU: none where lossless, else two steps of the quantisation
    ("CTImage.dcm", 0),
    ("BigEndian", 0),
    ("Deflated", 0),
    ("LittleEndianExplicit", 0),
    ("LittleEndianImplicit", 0),
    ("RLE", 0),
    ("JPEG2000LosslessOnly", 0),
    ("JPEG2000Transfer", 5),
    ("JPEGLSLossless", 0),
    ("JPEGLSLossy", 1),
    ("JPEGProcess14SV1", 0),
    ("JPEGProcess14Transfer", 0),
    ("JPEGProcess1Transfer", 65),
    ("JPEGProcess2_4", 36),
]


@pytest.mark.parametrize(("part", "tolerance_hu"), CORNERSTONE)
def test_each_transfer_syntax_shows_the_same_slice(samples: Path, part: str, tolerance_hu: int) -> None:
    folder = samples / "cornerstone-ct-transfer-syntaxes"
    file = next(file for file in sorted(folder.glob("CTImage.dcm*")) if part in file.name)
    reference = pydicom.dcmread(folder / "CTImage.dcm")
    expected = np.maximum(reference.pixel_array.astype(int) + int(reference.RescaleIntercept), -1024)
    found = hounsfield(file)
    assert np.abs(found - expected).max() <= tolerance_hu


@pytest.mark.parametrize("part", ["JPEGProcess10_12", "JPEGProcess6_8"])
def test_transfer_syntaxes_without_a_decoder_are_refused_by_name(samples: Path, part: str) -> None:
    file = next((samples / "cornerstone-ct-transfer-syntaxes").glob(f"*{part}*"))
    with pytest.raises(PixelsUndecodableError, match="transfer syntax") as refusal:
        read_voxels([instance_in(file)])
    assert refusal.value.instance_uids == tuple(instance_uids([file]))


def test_jpeg_2000_of_signed_pixels_equals_its_raw_twin(samples: Path) -> None:
    folder = samples / "awkward/pydicom-data"
    assert np.array_equal(hounsfield(folder / "693_J2KR.dcm"), hounsfield(folder / "693_UNCR.dcm"))


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless], ids=["RLE", "JPEG-LS", "JPEG 2000"])
def test_a_whole_compressed_series_reads_like_the_plain_one(tmp_path: Path, syntax: Any) -> None:
    written = random_volume(shape=(3, 64, 70))
    files = write_series(tmp_path, written)
    edit(files, lambda image: image.compress(syntax, generate_instance_uid=False))
    assert np.array_equal(read_series(files).series.volume.voxels, written.voxels)


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_a_whole_series_in_another_encoding_reads_like_the_plain_one(tmp_path: Path, syntax: Any) -> None:
    written = random_volume()
    files = write_series(tmp_path, written)
    for file in files:
        image = pydicom.dcmread(file)
        if syntax == ExplicitVRBigEndian:
            image.PixelData = np.frombuffer(image.PixelData, "<u2").astype(">u2").tobytes()
        fresh = pydicom.Dataset({element.tag: element for element in image})
        fresh.file_meta = image.file_meta
        fresh.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(file, fresh, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    volume = read_series(files).series.volume
    assert np.array_equal(volume.voxels, written.voxels)
    assert volume.grid.same_place(written.grid)


def test_each_slice_is_rescaled_with_its_own_numbers(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    plain = read_series(files).series.volume.voxels
    edit(files[2:3], lambda image: setattr(image, "RescaleIntercept", "-1000"))
    edit(files[4:5], lambda image: setattr(image, "RescaleSlope", "2"))
    found = read_series(files).series.volume.voxels
    assert found.dtype == np.int16
    assert np.array_equal(found[2], plain[2] + 24)
    assert np.array_equal(found[4], np.maximum(2 * (plain[4].astype(int) + 1024) - 1024, -1024))
    assert np.array_equal(found[[0, 1, 3, 5]], plain[[0, 1, 3, 5]])


def test_a_slope_that_is_no_whole_number_keeps_fractions(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    plain = read_series(files).series.volume.voxels
    edit(files[:1], lambda image: setattr(image, "RescaleSlope", "1.001"))
    found = read_series(files).series.volume.voxels
    assert found.dtype == np.float32
    assert found[0] == pytest.approx((plain[0].astype(float) + 1024) * 1.001 - 1024, abs=1e-3)
    assert np.array_equal(found[1:], plain[1:])


STORED = st.integers(0, 2**16 - 1)


@given(
    numbers=st.lists(STORED, min_size=4, max_size=4),
    stored_bits=st.integers(8, 16),
    signed=st.booleans(),
    slope=st.sampled_from([1, 1, 2, 10, 0.5, 1.001]),
    intercept=st.sampled_from([-1024, 0, -1000, -8192, 1, -0.5, 32767, 70000, -70000]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_stored_number_becomes_its_hounsfield_units(
    tmp_path: Path, numbers: list[int], stored_bits: int, signed: bool, slope: float, intercept: float
) -> None:
    file = one_slice(tmp_path, numbers, stored_bits, signed, RescaleSlope=str(slope), RescaleIntercept=str(intercept))
    low_bits = [number & ((1 << stored_bits) - 1) for number in numbers]
    values = [n - (1 << stored_bits) if signed and n >> (stored_bits - 1) else n for n in low_bits]
    exact = np.maximum(np.array(values) * slope + intercept, -1024)
    whole = float(slope).is_integer() and float(intercept).is_integer()
    found = hounsfield(file)
    assert found.dtype == (np.int16 if whole else np.float32)
    assert found.ravel() == pytest.approx(np.minimum(exact, 32767) if whole else exact, rel=1e-6)


PADDED: list[tuple[str, bool, int, dict[str, Any], list[int]]] = [
    # what, signed, bits stored, elements, expected HU of the stored 100, 200, 300, 63536 (= -2000 signed)
    ("none", True, 16, {}, [-924, -824, -724, -1024]),
    ("signed", True, 16, {"PixelPaddingValue": -2000}, [-924, -824, -724, -1024]),
    ("a value within the scale", True, 16, {"PixelPaddingValue": 200}, [-924, -1024, -724, -1024]),
    ("a range", True, 16, {"PixelPaddingValue": 300, "PixelPaddingRangeLimit": 200}, [-924, -1024, -1024, -1024]),
    ("high unsigned", False, 16, {"PixelPaddingValue": 63536}, [-924, -824, -724, -1024]),
    ("in bits that are not stored", False, 12, {"PixelPaddingValue": 63536}, [-924, -824, -724, -1024]),
]


@pytest.mark.parametrize(
    ("signed", "bits", "elements", "expected"), [p[1:] for p in PADDED], ids=[p[0] for p in PADDED]
)
def test_padding_becomes_air(
    tmp_path: Path, signed: bool, bits: int, elements: dict[str, Any], expected: list[int]
) -> None:
    assert (
        hounsfield(one_slice(tmp_path, [100, 200, 300, 63536], bits, signed, **elements)).ravel().tolist() == expected
    )


def test_padding_written_with_the_wrong_sign_is_understood(tmp_path: Path) -> None:
    file = one_slice(tmp_path, [100, 200, 300, 200], 16, True, PixelPaddingValue=200)
    content = file.read_bytes()
    assert content.count(b"\x28\x00\x20\x01SS") == 1
    file.write_bytes(content.replace(b"\x28\x00\x20\x01SS", b"\x28\x00\x20\x01US"))
    assert hounsfield(file).ravel().tolist() == [-924, -1024, -724, -1024]


def test_numbers_in_the_upper_bits_are_shifted_down(tmp_path: Path) -> None:
    file = one_slice(tmp_path, [0x0010, 0x064F, 0x7FF0, 0x8000], 12, True)
    edit([file], lambda image: setattr(image, "HighBit", 15))
    edit([file], lambda image: setattr(image, "RescaleIntercept", "0"))
    assert hounsfield(file).ravel().tolist() == [1, 100, 2047, -1024]


def test_eight_and_thirty_two_bits(tmp_path: Path) -> None:
    files = write_series(tmp_path)

    def narrow(image: pydicom.Dataset) -> None:
        image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
        image.PixelData = bytes(range(35)) + b"\0"

    def wide(image: pydicom.Dataset) -> None:
        image.BitsAllocated, image.BitsStored, image.HighBit = 32, 32, 31
        image.PixelData = np.arange(70_000, 70_035, dtype="<u4").tobytes()
        image.RescaleIntercept = "-70000"

    edit(files[:1], narrow)
    edit(files[1:2], wide)
    assert hounsfield(files[0]).ravel().tolist() == list(range(-1024, -989))
    assert hounsfield(files[1]).ravel().tolist() == list(range(35))


SPOILED: list[tuple[str, Callable[[pydicom.Dataset], Any]]] = [
    ("absent", lambda image: delattr(image, "PixelData")),
    ("empty", lambda image: setattr(image, "PixelData", b"")),
    ("half", lambda image: setattr(image, "PixelData", image.PixelData[:34])),
    ("declared far too large", lambda image: image.update({0x00280010: us(0x00280010, 65535)})),
    ("one bit allocated", lambda image: setattr(image, "BitsAllocated", 1)),
    ("more bits stored than allocated", lambda image: setattr(image, "BitsStored", 24)),
    ("rows missing from the pixel description", lambda image: delattr(image, "PixelRepresentation")),
]


@pytest.mark.parametrize("spoil", [s[1] for s in SPOILED], ids=[s[0] for s in SPOILED])
def test_pixels_that_are_not_there_are_refused_naming_the_slice(tmp_path: Path, spoil: Any) -> None:
    files = write_series(tmp_path)
    edit(files[3:4], spoil)
    with pytest.raises(PixelsUndecodableError) as refusal:
        read_voxels([instance_in(file) for file in files])
    assert refusal.value.instance_uids == (instance_uids(files)[3],)


def test_all_undecodable_slices_are_named_at_once(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    edit(files, lambda image: image.compress(RLELossless, generate_instance_uid=False))
    for file in files[1:3]:
        file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(PixelsUndecodableError) as refusal:
        read_voxels([instance_in(file) for file in files])
    assert refusal.value.instance_uids == tuple(instance_uids(files)[1:3])


def test_a_codestream_larger_than_the_header_says_is_not_decoded(tmp_path: Path) -> None:
    files = write_series(tmp_path, random_volume(shape=(2, 64, 64)))
    edit(files, lambda image: image.compress(JPEG2000Lossless, generate_instance_uid=False))
    content = files[0].read_bytes()
    size = struct.pack(">LL", 64, 64)
    at = content.index(size, content.index(b"\xff\x4f\xff\x51"))
    files[0].write_bytes(content[:at] + struct.pack(">LL", 65535, 65535) + content[at + 8 :])
    with pytest.raises(PixelsUndecodableError):
        read_voxels([instance_in(file) for file in files])


@pytest.mark.parametrize(
    "change",
    [
        {"RescaleSlope": None},
        {"RescaleIntercept": None},
        {"RescaleSlope": "0"},
        {"RescaleSlope": "-1"},
        {"RescaleType": "US"},
        {"RescaleType": "HU_MOD"},
    ],
    ids=str,
)
def test_stored_numbers_without_a_way_to_hounsfield_units_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    files = write_series(tmp_path)
    for keyword, value in change.items():
        edit(files[1:2], lambda image, k=keyword, v=value: setattr(image, k, v))  # type: ignore[misc]
    with pytest.raises(RescaleMissingError) as refusal:
        read_series(files)
    assert refusal.value.instance_uids == (instance_uids(files)[1],)


@pytest.mark.parametrize("value", [None, ""])
def test_rescale_type_is_hounsfield_unless_said_otherwise(tmp_path: Path, value: str | None) -> None:
    files = write_series(tmp_path)
    plain = read_series(files).series.volume.voxels
    edit(
        files,
        lambda image: setattr(image, "RescaleType", value) if value is not None else delattr(image, "RescaleType"),
    )
    assert np.array_equal(read_series(files).series.volume.voxels, plain)


def test_long_elements_between_header_and_pixels_are_stepped_over(tmp_path: Path) -> None:
    files = write_series(tmp_path)
    plain = read_series(files).series.volume.voxels

    def overlay(image: pydicom.Dataset) -> None:
        image.add_new(0x60003000, "OW", bytes(200_000))
        image.add_new(0x00091010, "OB", bytes(300_000))

    edit(files, overlay)
    assert np.array_equal(read_series(files).series.volume.voxels, plain)


def us(tag: int, value: int) -> pydicom.DataElement:
    return pydicom.DataElement(tag, "US", value)


def one_slice(folder: Path, numbers: list[int], stored_bits: int, signed: bool, **elements: Any) -> Path:
    """A slice of 2 x 2 pixels whose 16 bits hold ``numbers``, the unused high bits too."""
    file = write_series(folder, random_volume(shape=(1, 2, 2)))[0]

    def change(image: pydicom.Dataset) -> None:
        image.PixelRepresentation = int(signed)
        image.BitsStored, image.HighBit = stored_bits, stored_bits - 1
        image.PixelData = struct.pack("<4H", *numbers)
        for keyword, value in elements.items():
            setattr(image, keyword, value)
            if keyword.startswith("PixelPadding"):
                image[keyword].VR = "SS" if signed else "US"

    edit([file], change)
    return file


def instance_in(file: Path) -> Instance:
    instance = read_instance(file)
    assert instance is not None
    return instance


def hounsfield(file: Path) -> Any:
    found = read_hounsfield(instance_in(file))
    assert found is not None
    return found
