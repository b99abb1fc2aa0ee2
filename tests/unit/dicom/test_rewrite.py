"""Rewriting: whatever an upload wraps its slices in, clean files give the same series and nothing else."""

import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from pedcontour.dicom.reader import Intake, read_series
from pedcontour.dicom.rewrite import rewrite_series
from pedcontour.errors import InputError, InstanceDamagedError, PixelsUndecodableError, StoreError, UidMissingError
from tests.unit.dicom.series_on_disk import edit, instance_uids, random_volume, write_series


def rewritten(files: list[Path], folder: Path) -> list[Path]:
    folder.mkdir()
    return list(rewrite_series(files, folder).files)


def assert_same(one: Intake, other: Intake) -> None:
    """The same volume, and the same header elements in the same bytes."""
    assert one.series.volume.grid.same_place(other.series.volume.grid)
    assert np.array_equal(one.series.volume.voxels, other.series.volume.voxels)
    for first, second in zip(one.series.headers, other.series.headers, strict=True):
        assert list(first.keys()) == list(second.keys())
        for tag in first.keys():  # noqa: SIM118 - iterating would convert
            assert first.get_item(tag).VR == second.get_item(tag).VR
            assert first.get_item(tag).value == second.get_item(tag).value, tag


def describe(image: pydicom.Dataset) -> None:
    image.SpecificCharacterSet = "ISO_IR 100"
    image.PatientComments = "größer"
    image.ProcedureCodeSequence = [pydicom.Dataset()]
    image.ProcedureCodeSequence[0].CodeMeaning = "Schädel"
    image.add_new(0x00091001, "LO", "private")
    image.add_new(0x60003000, "OW", bytes(64))


def test_clean_files_hold_the_series_in_the_same_bytes_and_nothing_else(tmp_path: Path) -> None:
    files = write_series(tmp_path / "in", shuffled=True)
    edit(files, describe)
    for file in files:
        file.write_bytes(b"#!/bin/sh\n".ljust(128, b"x") + file.read_bytes()[128:] + b"trailing")
    clean = rewritten(files, tmp_path / "clean")
    assert_same(read_series(clean), read_series(files))
    assert instance_uids(clean) == list(read_series(files).series.instance_uids)
    for file in clean:
        content = file.read_bytes()
        assert content.startswith(bytes(128) + b"DICM")
        assert not any(planted in content for planted in (b"#!/bin/sh", b"trailing", b"private"))
        assert 0x60003000 not in pydicom.dcmread(file)


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEG2000Lossless,
    ],
)
def test_series_of_every_transfer_syntax_come_out_the_same(tmp_path: Path, syntax: pydicom.uid.UID) -> None:
    files = write_series(tmp_path / "in", random_volume(shape=(3, 40, 44)))
    for file in files:
        image = pydicom.dcmread(file)
        if syntax.is_compressed and syntax != DeflatedExplicitVRLittleEndian:
            image.compress(syntax, generate_instance_uid=False)
        elif syntax == ExplicitVRBigEndian:
            image.PixelData = np.frombuffer(image.PixelData, "<u2").astype(">u2").tobytes()
            image.file_meta.TransferSyntaxUID = syntax
        else:
            image.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(file, image, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    clean = rewritten(files, tmp_path / "clean")
    assert_same(read_series(clean), read_series(files))
    kept = ExplicitVRLittleEndian if syntax == DeflatedExplicitVRLittleEndian else syntax
    assert {pydicom.dcmread(file).file_meta.TransferSyntaxUID for file in clean} == {kept}


def test_the_length_of_pixels_is_the_true_one(tmp_path: Path) -> None:
    files = write_series(tmp_path / "in")
    content = files[0].read_bytes()
    at = content.index(b"\xe0\x7f\x10\x00")
    files[0].write_bytes(content[: at + 8] + struct.pack("<L", 0xFFFFFFF0) + content[at + 12 :])
    clean = rewritten(files, tmp_path / "clean")
    first = clean[[*read_series(files).series.instance_uids].index(instance_uids(files)[0])].read_bytes()
    at = first.index(b"\xe0\x7f\x10\x00")
    assert struct.unpack_from("<L", first, at + 8)[0] == len(first) - at - 12


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda c: c[:-20], PixelsUndecodableError),
        (lambda c: c[:300], InstanceDamagedError),
        (lambda c: c.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0"), PixelsUndecodableError),
    ],
)
def test_a_refusal_names_the_place_in_the_upload_and_the_uid_and_writes_nothing(
    tmp_path: Path, spoil: object, error: type[InputError]
) -> None:
    files = write_series(tmp_path / "in")
    uid = instance_uids(files)[2]
    files[2].write_bytes(spoil(files[2].read_bytes()))  # type: ignore[operator]
    (tmp_path / "clean").mkdir()
    with pytest.raises(error) as refused:
        rewrite_series(files, tmp_path / "clean")
    assert "number 3 of those given" in refused.value.detail
    assert refused.value.instance_uids == (uid,)
    assert not list((tmp_path / "clean").iterdir())


def test_instances_without_a_uid_are_named_by_their_place(tmp_path: Path) -> None:
    files = write_series(tmp_path / "in")
    edit(files[1:2], lambda image: setattr(image, "SOPInstanceUID", ""))
    with pytest.raises(UidMissingError, match="number 2 of those given"):
        rewrite_series(files, tmp_path)


def test_a_folder_that_cannot_be_written_is_the_places_trouble(tmp_path: Path) -> None:
    files = write_series(tmp_path / "in")
    with pytest.raises(StoreError) as refused:
        rewrite_series(files, tmp_path / "missing")
    assert str(tmp_path) not in str(refused.value)
