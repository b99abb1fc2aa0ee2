"""`pedcontour audit`."""

from pathlib import Path

import pytest

from service.audit import Entry, FileTrail
from service.audit.trail import audit_files
from tests.unit.cli.conftest import Program

JOB = "5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PEDCONTOUR_DATA_DIR", str(tmp_path))
    trail = FileTrail(tmp_path / "audit", 1_000_000)
    trail.append(Entry("send", who="key:abcdefgh", tenant="radiotherapy", job=JOB, address="192.0.2.7"))
    trail.append(Entry("read", who="key:abcdefgh", tenant="radiotherapy", job=JOB, result="seg.dcm"))
    trail.append(Entry("send", job="another"))
    return tmp_path / "audit"


def test_a_whole_chain_is_said_to_be_whole_with_its_end(program: Program, folder: Path) -> None:
    assert "3 records, 1 to 3" in program("audit", "verify").stdout
    head = program.json("audit", "verify", "--audit-dir", folder)
    assert (head["records"], head["number"]) == (3, 3)
    noted = f"{head['number']}:{head['digest']}"
    assert noted in program("audit", "verify").stdout
    assert program.json("audit", "verify", "--noted", noted)["number"] == 3


def test_a_changed_file_ends_with_one_and_names_the_line(program: Program, folder: Path) -> None:
    [file] = audit_files(folder)
    file.write_bytes(file.read_bytes().replace(b"seg.dcm", b"rtstruct.dcm"))
    for arguments in (("audit", "verify"), ("audit", "verify", file)):
        result = program(*arguments)
        assert result.exit_code == 1
        assert "AUDIT_BROKEN" in result.stderr and "line 3" in " ".join(result.stderr.split())


def test_what_was_done_to_a_job_is_shown_in_order(program: Program, folder: Path) -> None:
    records = program.json("audit", "show", "--job", JOB)["records"]
    assert [(record["action"], record["result"]) for record in records] == [("send", ""), ("read", "seg.dcm")]
    shown = program("audit", "show", "--job", JOB).stdout
    assert "radiotherapy" in shown and "another" not in shown
    assert "no record" in program("audit", "show", "--job", "none").stdout


@pytest.mark.parametrize("arguments", [("verify", "--noted", "3"), ("verify", "--noted", "3:abc")])
def test_a_note_that_is_none_is_refused(program: Program, folder: Path, arguments: tuple[str, ...]) -> None:
    result = program("audit", *arguments)
    assert result.exit_code == 2
    assert "NUMBER:DIGEST" in result.stderr


def test_without_a_folder_it_says_so(program: Program, tmp_path: Path) -> None:
    result = program("audit", "verify", "--audit-dir", tmp_path / "none")
    assert result.exit_code == 1
    assert "AUDIT_FAILED" in result.stderr
