"""One file at a time: DICOM in any wrapping gives its header, anything else gives nothing, and bombs stay small."""

import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from pedcontour.dicom import headers, instances
from pedcontour.dicom.headers import text_of
from pedcontour.dicom.instances import Damaged, Instance, read_instance
from pedcontour.errors import StoreError
from tests.unit.dicom.series_on_disk import edit, instance_uids, write_series


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_series(tmp_path)[0]


def read(file: Path) -> Instance:
    instance = read_instance(file)
    assert isinstance(instance, Instance)
    return instance


def test_uids_and_syntax_are_those_of_the_file(file: Path) -> None:
    instance = read(file)
    assert instance.uid == instance_uids([file])[0]
    assert instance.syntax == ExplicitVRLittleEndian


def test_a_preamble_may_hold_anything(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(b"\x7fELF".ljust(128, b"\xff") + content[128:])
    assert read(file).uid == instance_uids([file])[0]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("with_meta", [True, False], ids=["meta information", "bare data set"])
def test_files_without_preamble_are_read(file: Path, syntax: pydicom.uid.UID, with_meta: bool) -> None:
    uid = instance_uids([file])[0]
    if not with_meta or syntax == ExplicitVRLittleEndian:
        bare = bare_data_set(file, syntax)
        meta = file.read_bytes()[132 : 132 + 12 + meta_length(file)] if with_meta else b""
        file.write_bytes(meta + bare)
    else:
        rewritten = bare_data_set(file, syntax)
        edit([file], lambda image: None)
        content = file.read_bytes()
        meta = content[132 : 132 + 12 + meta_length(file)]
        old, new = b"1.2.840.10008.1.2.1\0", str(syntax).encode()
        padded = new + b"\0" * (len(new) % 2)
        at = meta.index(old)
        meta = meta[: at - 2] + len(padded).to_bytes(2, "little") + padded + meta[at + len(old) :]
        file.write_bytes(meta + rewritten)
    instance = read(file)
    assert (instance.syntax, instance.uid) == (syntax, uid)


def test_a_wrong_claim_of_explicit_vr_is_seen_through(file: Path) -> None:
    uid = instance_uids([file])[0]
    start = 132 + 12 + meta_length(file)
    file.write_bytes(file.read_bytes()[:start] + bare_data_set(file, ImplicitVRLittleEndian))
    assert read(file).uid == uid


@pytest.mark.parametrize(
    "content", [b"DICM", b"\x08\x00", b"\x08\x00\x61\x00" * 9, b"PK\x03\x04" * 40, b"notes\n" * 99]
)
def test_what_is_no_dicom_gives_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert read_instance(tmp_path / "x") is None


@pytest.mark.parametrize("content", [b"", bytes(100), bytes(70_000), bytes(128) + b"DIC", bytes(128) + b"DICM"])
def test_what_is_left_of_a_broken_copy_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert read_instance(tmp_path / "x") == Damaged("")


def test_a_damaged_file_is_named_by_its_file_meta_information(file: Path) -> None:
    uid = instance_uids([file])[0]
    file.write_bytes(file.read_bytes()[: 132 + 12 + meta_length(file)])
    assert read_instance(file) == Damaged(uid)


def test_a_damaged_file_of_another_class_is_no_slice(file: Path) -> None:
    content = file.read_bytes()[: 132 + 12 + meta_length(file)]
    file.write_bytes(content.replace(b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.10008.5.1.4.1.1.4\0"))
    assert read_instance(file) is None


@pytest.mark.parametrize("name", [".", "gone.dcm"])
def test_a_file_that_the_disk_does_not_give_is_the_places_trouble(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError) as refused:
        read_instance(tmp_path / name)
    assert str(tmp_path) not in str(refused.value)


def test_a_header_that_ends_the_file_is_known_as_such(file: Path) -> None:
    assert not read(file).ends_in_header
    content = file.read_bytes()
    file.write_bytes(content[: content.index(b"\xe0\x7f\x10\x00")])
    assert read(file).ends_in_header


def test_a_file_beyond_the_limit_is_not_opened(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = instance_uids([file])[0]
    monkeypatch.setattr(instances, "MAX_FILE_BYTES", file.stat().st_size - 1)
    assert read_instance(file) == Damaged(uid)


def test_a_deflated_bomb_is_stopped_early(file: Path) -> None:
    edit([file], lambda image: setattr(image.file_meta, "TransferSyntaxUID", DeflatedExplicitVRLittleEndian))
    content = file.read_bytes()
    start = 132 + 12 + meta_length(file)
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = b"".join(deflater.compress(bytes(2**24)) for _ in range(6)) + deflater.flush()  # 96 MiB of zeros
    file.write_bytes(content[:start] + bomb)
    tracemalloc.start()
    began = time.monotonic()
    assert isinstance(read_instance(file), Damaged)
    assert time.monotonic() - began < 5
    assert tracemalloc.get_traced_memory()[1] < 3 * instances.MAX_INFLATED_BYTES
    tracemalloc.stop()


@pytest.mark.parametrize("defined_length", [True, False], ids=["defined length", "undefined length"])
@pytest.mark.parametrize("depth", [headers.MAX_NESTING + 1, 100, 5000])
def test_deep_nesting_goes_without_the_rest_or_with_it(file: Path, depth: int, defined_length: bool) -> None:
    content = file.read_bytes()
    at = content.index(b"\x08\x00\x60\x00CS")
    file.write_bytes(content[:at] + content[at : at + 10] + nested(depth, defined_length) + content[at + 10 :])
    instance = read_instance(file)
    if isinstance(instance, Instance):
        assert "ReferencedImageSequence" not in instance.header
        assert text_of(instance.header, "Modality") == "CT"
    assert isinstance(instance, Instance) or depth > headers.MAX_NESTING + 1


def test_shallow_sequences_are_kept(file: Path) -> None:
    content = file.read_bytes()
    at = content.index(b"\x08\x00\x60\x00CS")
    file.write_bytes(content[: at + 10] + nested(headers.MAX_NESTING, True) + content[at + 10 :])
    assert "ReferencedImageSequence" in read(file).header


def test_a_length_beyond_the_end_takes_no_memory(file: Path) -> None:
    content = file.read_bytes()
    at = content.index(b"\x08\x00\x60\x00CS")
    claim = b"\x08\x00\x61\x00UT\0\0\xfe\xff\xff\xff"
    file.write_bytes(content[: at + 10] + claim + content[at + 10 :])
    tracemalloc.start()
    read_instance(file)
    assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("count", [instances.MAX_ELEMENTS + 1, instances.MAX_HEADER_BYTES // 8 + 1])
def test_a_header_of_countless_elements_is_given_up(file: Path, count: int) -> None:
    content = file.read_bytes()
    at = content.index(b"\x08\x00\x60\x00CS")
    swarm = b"".join(struct.pack("<HH2sH", 0x0009 + 2 * (n >> 16), n & 0xFFFF, b"LO", 0) for n in range(count))
    file.write_bytes(content[: at + 10] + swarm + content[at + 10 :])
    began = time.monotonic()
    assert isinstance(read_instance(file), Damaged)
    assert time.monotonic() - began < 5


def test_unreadable_values_are_dropped_and_nothing_is_said_of_them(
    file: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    def plant(image: pydicom.Dataset) -> None:
        image.PatientWeight = "12"
        image.PatientBirthTime = "123456"

    edit([file], plant)
    content = file.read_bytes()
    content = content.replace(b"\x10\x00\x30\x10DS\x02\x0012", b"\x10\x00\x30\x10DS\x02\x00xy")
    file.write_bytes(content.replace(b"TM\x06\x00123456", b"TM\x06\x00secret"))
    recwarn.clear()
    caplog.clear()
    instance = read(file)
    assert "PatientWeight" not in instance.header
    assert not recwarn.list
    assert "secret" not in caplog.text


def bare_data_set(file: Path, syntax: pydicom.uid.UID) -> bytes:
    image = pydicom.dcmread(file)
    fresh = pydicom.Dataset({element.tag: element for element in image})
    out = pydicom.filebase.DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = syntax.is_implicit_VR, syntax.is_little_endian
    pydicom.filewriter.write_dataset(out, fresh)
    return out.getvalue()


def meta_length(file: Path) -> int:
    """What the File Meta Information Group Length says."""
    return int.from_bytes(file.read_bytes()[140:144], "little")


def nested(depth: int, defined_length: bool) -> bytes:
    """Referenced Image Sequence within itself, ``depth`` levels, explicit VR little endian."""
    inner = b""
    for _ in range(depth):
        tag = b"\x08\x00\x40\x11SQ\0\0"
        if defined_length:
            item = b"\xfe\xff\x00\xe0" + len(inner).to_bytes(4, "little") + inner
            inner = tag + len(item).to_bytes(4, "little") + item
        else:
            item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner + b"\xfe\xff\x0d\xe0\0\0\0\0"
            inner = tag + b"\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return inner
