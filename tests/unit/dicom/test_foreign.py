"""What is no DICOM is said by its kind, and never by its name."""

from pathlib import Path

import pytest

from pedcontour.dicom.foreign import summary_of_kinds
from pedcontour.dicom.reader import read_series
from pedcontour.errors import CharacterSetUnknownError, NotCtError
from tests.unit.dicom.series_on_disk import edit, write_series


def test_kinds_are_counted_the_most_frequent_first(tmp_path: Path) -> None:
    contents = [b"%PDF-1.7", b"\x1f\x8b\x08", b"%PDF-1.4", b"notes", b'<?xml version="1.0"?>', b"\x7fELF"]
    files = []
    for place, content in enumerate(contents):
        files.append(tmp_path / f"Phantom^Child-{place}")
        files[-1].write_bytes(content)
    assert summary_of_kinds(files) == "2 PDF, 1 XML, 1 gzip, 1 program"
    assert summary_of_kinds([tmp_path / "gone"]) == ""
    with pytest.raises(NotCtError, match=r"no DICOM files, not DICOM: 2 PDF") as refused:
        read_series(files)
    assert "Phantom" not in str(refused.value)


@pytest.mark.parametrize("term", ["zlib", "idna", "utf_7", "../../x", "ISO_IR 100\\hex"])
def test_a_character_set_that_is_none_of_dicoms_is_refused(tmp_path: Path, term: str) -> None:
    files = write_series(tmp_path)
    files[0].write_bytes(files[0].read_bytes().replace(b"ISO_IR 192", term.encode().ljust(10)[:10]))
    if len(term) > 10:
        edit(files[:1], lambda image: image.__setattr__("SpecificCharacterSet", ["ISO_IR 100", "hex"]))
    with pytest.raises(CharacterSetUnknownError, match="number 1 of those given"):
        read_series(files)


@pytest.mark.parametrize("term", ["", "ISO_IR 100", "ISO IR 100", "ISO-IR 100", "GB18030", "ISO2022IR6"])
def test_dicoms_own_and_their_misspellings_are_taken(tmp_path: Path, term: str) -> None:
    files = write_series(tmp_path)
    for file in files:
        file.write_bytes(file.read_bytes().replace(b"ISO_IR 192", term.encode().ljust(10)))
    read_series(files)
