"""What results take from the CT arrives with the bytes it left with."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from pedcontour.dicom.attributes import copy_from_ct, da, dt, hold_bytes, tm
from tests.made_series import grid_for, made_series

NAMES = {
    "ISO_IR 100": "Fantôme^Enfant".encode("latin-1"),
    "ISO_IR 144": "Фантом^Дитя".encode("iso8859-5"),
    "ISO_IR 192": "ファントム^子供=Phantom^Child".encode(),
    "\\ISO 2022 IR 87": b"Phantom^Child=\x1b$B;R6!\x1b(B^\x1b$B;R\x1b(B",
    "GB18030": "模型^儿童".encode("gb18030"),
}
SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)


def _header(character_set: str, name: bytes, syntax: str) -> Dataset:
    """A CT header as it comes from a file."""
    source = made_series(grid_for((2, 3, 4), (3.0, 1.0, 1.0))).headers[0]
    source.SpecificCharacterSet = character_set.split("\\")
    source.file_meta = FileMetaDataset()
    source.file_meta.TransferSyntaxUID = syntax
    source.file_meta.MediaStorageSOPClassUID = CTImageStorage
    source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
    source.PatientName = "x" * len(name)
    source.StudyDescription = "y" * len(name)
    buffer = BytesIO()
    dcmwrite(buffer, source, enforce_file_format=True)
    raw = buffer.getvalue().replace(b"x" * len(name), name).replace(b"y" * len(name), name)
    return dcmread(BytesIO(raw))


def _written(header: Dataset, *, implicit_vr: bool) -> bytes:
    result = Dataset()
    copy_from_ct(header, result)
    hold_bytes(result, implicit_vr=implicit_vr)
    buffer = BytesIO()
    dcmwrite(buffer, result, implicit_vr=implicit_vr, little_endian=True)
    return buffer.getvalue()


@pytest.mark.parametrize("implicit_vr", [True, False])
@pytest.mark.parametrize("read_before", [False, True])
@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("character_set", NAMES)
def test_names_in_any_character_set_are_copied_byte_for_byte(
    character_set: str, syntax: str, read_before: bool, implicit_vr: bool
) -> None:
    header = _header(character_set, NAMES[character_set], syntax)
    if read_before:
        assert str(header.PatientName)
        assert header.StudyDescription
    written = _written(header, implicit_vr=implicit_vr)
    assert written.count(NAMES[character_set]) == 2
    assert character_set.encode() in written


def test_malformed_values_are_copied_and_not_judged() -> None:
    header = _header("ISO_IR 100", b"a^b^c^d^e^f=g=h=i", ExplicitVRLittleEndian)
    raw = header.get_item("PatientBirthDate")
    header["PatientBirthDate"] = raw._replace(value=b"01.01.20", length=8)
    assert b"01.01.20" in _written(header, implicit_vr=True)


def test_what_the_ct_lacks_is_empty_and_not_invented() -> None:
    missing = ("PatientID", "PatientName", "AccessionNumber", "StudyID", "ReferringPhysicianName", "StudyTime")
    header = made_series(grid_for((2, 3, 4), (3.0, 1.0, 1.0)), **dict.fromkeys(missing)).headers[0]
    result = Dataset()
    copy_from_ct(header, result)
    for keyword in missing:
        assert keyword in result
        assert not result[keyword].value
    assert "PatientAge" not in result


def test_sequences_are_copied_with_their_items() -> None:
    header = made_series(grid_for((2, 3, 4), (3.0, 1.0, 1.0))).headers[0]
    item = Dataset()
    item.PatientID = "OTHER-1"
    header.OtherPatientIDsSequence = [item]
    result = Dataset()
    copy_from_ct(header, result)
    item.PatientID = "changed later"
    assert result.OtherPatientIDsSequence[0].PatientID == "OTHER-1"


def test_an_empty_character_set_is_left_out_as_the_default_it_means() -> None:
    header = made_series(grid_for((2, 3, 4), (3.0, 1.0, 1.0)), SpecificCharacterSet="").headers[0]
    result = Dataset()
    copy_from_ct(header, result)
    assert "SpecificCharacterSet" not in result


@pytest.fixture
def five_hours_west(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "FIVE+5")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("five_hours_west")
@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 8, 1, 2, 30, tzinfo=UTC),
        datetime(2026, 7, 31, 21, 30, tzinfo=timezone(timedelta(hours=-5))),
        datetime(2026, 8, 1, 4, 30, tzinfo=timezone(timedelta(hours=2))),
    ],
    ids=["UTC, as the service counts", "local, as the command line does", "elsewhere"],
)
def test_dates_and_times_are_those_of_the_machines_clock(moment: datetime) -> None:
    assert (da(moment), tm(moment)) == ("20260731", "213000")
    assert dt(moment) == "20260731213000-0500"
