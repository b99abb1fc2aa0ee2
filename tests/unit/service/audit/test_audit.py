"""The audit file on disk: many writers make one chain, and whoever touches it is found out."""

import json
import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pedcontour.errors import AuditBrokenError, AuditError
from service.audit import Entry, FileTrail, read_records, verify_chain
from service.audit.trail import audit_files

START = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
JOB = "5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10"
ENTRY = Entry("read", who="key:abcdefgh", tenant="radiotherapy", job=JOB, result="seg.dcm", address="192.0.2.7")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def filled(folder: Path, count: int = 6, max_bytes: int = 1_000_000) -> list[Path]:
    trail = FileTrail(folder, max_bytes, lambda: START)
    for n in range(count):
        trail.append(Entry("read", job=JOB, result=f"r{n}"))
    return audit_files(folder)


def write_many(folder: Path, writer: int) -> None:
    trail = FileTrail(folder, 4096)
    for n in range(25):
        trail.append(Entry("send", who=f"{writer}", result=f"{n}"))


def test_a_trail_that_can_be_written_is_checked_without_a_trace(folder: Path) -> None:
    trail = FileTrail(folder, 1_000_000)
    trail.check()
    assert list(folder.iterdir()) == []
    trail.append(ENTRY)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    trail.check()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("taken", ["audit", "audit/audit.lock", "audit/audit-000000000001.jsonl"])
def test_a_trail_that_could_not_be_written_is_told_before_anybody_needs_it(tmp_path: Path, taken: str) -> None:
    in_the_way = tmp_path / taken
    if taken == "audit":
        in_the_way.write_text("a file where the folder belongs")
    else:
        in_the_way.mkdir(parents=True)  # nobody can write to a folder, not even root
    with pytest.raises(AuditError):
        FileTrail(tmp_path / "audit", 1_000_000).check()


def test_what_was_recorded_is_read_back_in_order(folder: Path) -> None:
    trail = FileTrail(folder, 1_000_000, lambda: START)
    trail.append(ENTRY)
    trail.append(Entry("cancel", job="another"))
    [record] = read_records(folder, JOB)
    assert record.entry == ENTRY
    assert (record.number, record.at) == (1, "2026-03-01T23:59:00.000+00:00")
    assert [record.number for record in read_records(folder)] == [1, 2]


def test_a_record_is_one_line_of_json_and_nobody_else_may_read_it(folder: Path) -> None:
    [file] = filled(folder, 1)
    fields = json.loads(file.read_text())
    assert set(fields) == {"number", "at", "action", "outcome", "job", "result", "previous"}
    assert file.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_several_processes_write_one_chain_over_several_files(folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_many, args=(folder, n)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    head = verify_chain(audit_files(folder))
    assert (head.records, head.first, head.number) == (100, 1, 100)
    assert len(audit_files(folder)) > 1
    said = [(record.entry.who, record.entry.result) for record in read_records(folder)]
    assert sorted(said) == sorted((str(writer), str(n)) for writer in range(4) for n in range(25))


def test_a_new_file_is_begun_each_day_and_goes_on_with_the_chain(folder: Path) -> None:
    now = [START]
    trail = FileTrail(folder, 1_000_000, lambda: now[0])
    trail.append(ENTRY)
    now[0] += timedelta(minutes=2)
    trail.append(ENTRY)
    assert [file.name for file in audit_files(folder)] == ["audit-000000000001.jsonl", "audit-000000000002.jsonl"]
    assert verify_chain(audit_files(folder)).records == 2
    assert verify_chain(audit_files(folder)[1:]).records == 1


def without_line(number: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: lines[:number] + lines[number + 1 :]


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "changed": lambda lines: [*lines[:2], lines[2].replace(b'"r2"', b'"r9"'), *lines[3:]],
    "removed": without_line(2),
    "first removed": without_line(0),
    "put between": lambda lines: [*lines[:3], lines[2], *lines[3:]],
    "swapped": lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
    "no record": lambda lines: [*lines[:2], b"{}", *lines[3:]],
    "blank": lambda lines: [*lines[:2], b"", *lines[2:]],
    "other spelling": lambda lines: [*lines[:2], lines[2].replace(b":", b": ", 1), *lines[3:]],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_chain_that_was_touched_breaks_and_says_where(folder: Path, change: str) -> None:
    [file] = filled(folder)
    lines = CHANGES[change](file.read_bytes().removesuffix(b"\n").split(b"\n"))
    file.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(AuditBrokenError, match=r"audit-000000000001\.jsonl line [1-5]"):
        verify_chain([file])


def test_a_file_that_is_missing_between_two_is_found_out(folder: Path) -> None:
    files = filled(folder, 40, max_bytes=1500)
    assert len(files) > 3
    files[1].unlink()
    with pytest.raises(AuditBrokenError, match=files[2].name):
        verify_chain(audit_files(folder))


def test_a_renamed_file_is_found_out(folder: Path) -> None:
    files = filled(folder, 40, max_bytes=1500)
    files[1].rename(folder / "audit-000000000999.jsonl")
    with pytest.raises(AuditBrokenError):
        verify_chain(audit_files(folder))


def test_old_files_may_be_moved_away(folder: Path) -> None:
    files = filled(folder, 40, max_bytes=1500)
    files[0].unlink()
    head = verify_chain(audit_files(folder))
    assert (head.first > 1, head.number) == (True, 40)


def test_an_end_that_was_cut_off_is_found_by_what_was_noted(folder: Path) -> None:
    [file] = filled(folder)
    head = verify_chain([file])
    FileTrail(folder, 1_000_000, lambda: START).append(ENTRY)
    assert verify_chain([file], (head.number, head.digest)).number == 7
    file.write_bytes(b"\n".join(file.read_bytes().split(b"\n")[:4]) + b"\n")
    assert verify_chain([file]).number == 4
    with pytest.raises(AuditBrokenError, match="6 was noted"):
        verify_chain([file], (head.number, head.digest))


def test_a_chain_written_anew_is_found_by_what_was_noted(folder: Path, tmp_path: Path) -> None:
    [file] = filled(folder)
    head = verify_chain([file])
    trail = FileTrail(tmp_path / "anew", 1_000_000, lambda: START)
    for _ in range(6):
        trail.append(ENTRY)
    with pytest.raises(AuditBrokenError, match="not the one"):
        verify_chain(audit_files(tmp_path / "anew"), (head.number, head.digest))


@pytest.mark.parametrize("kept_bytes", [1, 40, -2])
def test_after_a_torn_line_the_chain_goes_on_and_tells_of_it(folder: Path, kept_bytes: int) -> None:
    [file] = filled(folder, 3)
    *whole, last = file.read_bytes().removesuffix(b"\n").split(b"\n")
    file.write_bytes(b"\n".join([*whole, last[:kept_bytes]]))
    with pytest.raises(AuditBrokenError, match="line 3"):
        verify_chain([file])
    FileTrail(folder, 1_000_000, lambda: START).append(ENTRY)
    assert [record.entry.action for record in read_records(folder)] == ["read", "read", "recovered", "read"]
    assert verify_chain([file]).number == 4


def test_the_very_first_line_may_be_torn(folder: Path) -> None:
    [file] = filled(folder, 1)
    file.write_bytes(file.read_bytes()[:20])
    FileTrail(folder, 1_000_000, lambda: START).append(ENTRY)
    assert verify_chain([file]).records == 2


def test_a_folder_that_cannot_be_written_is_an_audit_error_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "patient").write_text("not a folder")
    with pytest.raises(AuditError) as refused:
        FileTrail(tmp_path / "patient" / "audit", 4096).append(ENTRY)
    assert "patient" not in str(refused.value)


def test_nothing_to_check_is_not_whole(folder: Path) -> None:
    with pytest.raises(AuditError):
        verify_chain([])
