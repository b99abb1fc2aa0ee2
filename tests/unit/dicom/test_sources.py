"""Sources: folders and zips give plain files; a zip that lies is refused and leaves nothing behind."""

import errno
import io
import resource
import signal
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.dicom.sources import ArchiveLimits, files_below, open_source, unpack_archive
from pedcontour.errors import (
    ArchiveUnsafeError,
    FileUnreadableError,
    NotCtError,
    PedcontourError,
    StoreError,
    UploadEmptyError,
    UploadTooLargeError,
)
from tests.stand_ins.model import shaded_torso

SMALL = ArchiveLimits(entries=5, total_bytes=10_000, file_bytes=6_000, ratio=20, ratio_free_bytes=2_000)


def test_a_folder_gives_its_files_with_those_of_its_subfolders(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    files = [tmp_path / "a.dcm", tmp_path / "b" / "c" / "x", tmp_path / "b" / "y"]
    for file in files:
        file.write_bytes(b"content")
    with open_source(tmp_path) as found:
        assert found == files


def test_links_to_files_are_files_and_those_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.dcm").write_bytes(b"content")
    (tmp_path / "ct").mkdir()
    links = {"a": "../elsewhere/x.dcm", "b": "nowhere", "c": "../elsewhere"}
    for name, target in links.items():
        (tmp_path / "ct" / name).symlink_to(target)
    assert [path.name for path in files_below(tmp_path / "ct")] == ["a", "b"]


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_source_without_files_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UploadEmptyError), open_source(tmp_path / name):
        pass


def test_a_file_of_a_folder_that_cannot_be_opened_is_told_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "b").symlink_to("nowhere")
    with pytest.raises(FileUnreadableError, match="file 2 of 2: No such file"), open_source(tmp_path):
        pass


def test_what_the_system_forbids_to_read_is_no_failure_of_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "Family^Given"))

    (tmp_path / "Family^Given").write_bytes(b"PK")
    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(FileUnreadableError) as refused, open_source(tmp_path / "Family^Given"):
        pass
    assert refused.value.detail == "Permission denied"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a list of patients", "neither DICOM nor a zip; give the folder"),
        (b"%PDF-1.7", "neither DICOM nor a zip but PDF; give the folder"),
        (b"7z\xbc\xaf\x27\x1c", "but 7z"),
    ],
)
def test_a_file_that_is_neither_dicom_nor_a_zip_is_said_to_be_that(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(NotCtError, match=said), open_source(tmp_path / "x"):
        pass


def test_a_zip_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "series.zip", {"a": b"1" * 100})
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(ArchiveUnsafeError), open_source(archive):
        pass


def test_a_single_dicom_file_is_given_as_it_is(tmp_path: Path) -> None:
    write_ct_series(shaded_torso(), tmp_path / "ct")
    file = min((tmp_path / "ct").iterdir())
    with open_source(file) as files:
        assert files == [file]


def test_a_zip_gives_its_contents_under_our_own_names_while_it_is_open(tmp_path: Path) -> None:
    contents = {"DICOM/": b"", "DICOM/IM 1": b"one", "DICOM/ünï/IM2.dcm": b"two" * 50, "__MACOSX/._IM1": b""}
    archive = write_zip(tmp_path / "series.zip", contents)
    with open_source(archive) as files:
        assert [file.read_bytes() for file in files] == [b"one", b"two" * 50, b""]
        assert all(file.stem.isdigit() for file in files)
    assert not any(file.exists() for file in files)


def test_the_temporary_folder_goes_when_reading_fails(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "series.zip", {"a": b"1"})
    seen: list[Path] = []
    with pytest.raises(RuntimeError), open_source(archive) as files:
        seen += files
        raise RuntimeError("elsewhere")
    assert not seen[0].parent.exists()


OUTSIDE = [
    "/etc/passwd",
    "../up.dcm",
    "a/../../up.dcm",
    "..\\up.dcm",
    "C:\\Windows\\x.dcm",
    "C:x.dcm",
    "\\\\server\\share\\x.dcm",
    "a\\..\\..\\x",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_paths_that_lead_outside_are_refused(tmp_path: Path, name: str) -> None:
    assert_refused(write_zip(tmp_path / "x.zip", {"good": b"1", name: b"2"}), ArchiveUnsafeError)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as content:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (kind | 0o777) << 16
        content.writestr(entry, "/etc/passwd")
    assert_refused(archive, ArchiveUnsafeError)


def test_an_archive_within_the_archive_is_refused(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", {"a": b"1"}).read_bytes()
    assert_refused(write_zip(tmp_path / "x.zip", {"image.dcm": inner}), ArchiveUnsafeError)


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    assert_refused(write_zip(tmp_path / "x.zip", {f"{n}": b"" for n in range(6)}), UploadTooLargeError)


def test_a_directory_beyond_all_measure_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Also where the count at the end of the zip is a lie: what ``zipfile`` reads is the directory's bytes."""
    archive = write_zip(tmp_path / "x.zip", {f"{n}".rjust(2_000, "x"): b"" for n in range(4)})
    assert_refused(archive, UploadTooLargeError)
    many = bytearray(write_zip(archive, {f"{n}": b"" for n in range(200)}).read_bytes())
    many[-12:-10] = struct.pack("<H", 1)
    archive.write_bytes(many)
    assert_refused(archive, UploadTooLargeError)


def test_a_zip_of_the_large_kind_is_measured_by_its_own_record(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "x.zip", {"a": b"1"})
    content = archive.read_bytes()
    directory = content.index(b"PK\x01\x02")
    at = content.rindex(b"PK\x05\x06")
    for entries, outcome in ((1, None), (10**6, UploadTooLargeError)):
        record = struct.pack(
            "<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, at - directory, directory
        )
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
        end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        archive.write_bytes(content[:at] + record + locator + end)
        if outcome is None:
            assert [file.read_bytes() for file in unpack_archive(archive, tmp_path / "well", SMALL)] == [b"1"]
        else:
            assert_refused(archive, outcome, "well")
    archive.write_bytes(content[:at] + b"x" * 56 + locator + end)
    assert_refused(archive, ArchiveUnsafeError, "well")


def test_a_full_disk_is_not_the_senders_fault(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: it is met in the middle of a write, too."""
    archive = write_zip(tmp_path / "x.zip", {"a": b"1", "b": noise(5_000)})
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(StoreError) as refused:
            unpack_archive(archive, tmp_path / "out", SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert str(tmp_path) not in str(refused.value)
    assert not list((tmp_path / "out").iterdir())


def test_a_file_over_its_limit_is_refused(tmp_path: Path) -> None:
    assert_refused(write_zip(tmp_path / "x.zip", {"a": noise(6_001)}), UploadTooLargeError)


def test_all_files_together_over_the_limit_are_refused(tmp_path: Path) -> None:
    assert_refused(write_zip(tmp_path / "x.zip", {"a": noise(5_000), "b": noise(5_001)}), UploadTooLargeError)


def test_an_entry_that_inflates_too_far_is_refused(tmp_path: Path) -> None:
    assert_refused(write_zip(tmp_path / "x.zip", {"a": bytes(5_000)}), ArchiveUnsafeError)


def test_a_little_that_inflates_far_is_fine(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "x.zip", {"a": bytes(1_900)})
    assert unpack_archive(archive, tmp_path / "out", SMALL)[0].stat().st_size == 1_900


def test_declared_sizes_are_not_believed(tmp_path: Path) -> None:
    """A bomb whose directory says that it holds ten bytes is stopped by what streams out, or by its checksum."""
    archive = write_zip(tmp_path / "x.zip", {"a": noise(9_000)})
    content = archive.read_bytes()
    assert content.count(struct.pack("<L", 9_000)) == 2
    archive.write_bytes(content.replace(struct.pack("<L", 9_000), struct.pack("<L", 10)))
    assert_refused(archive, PedcontourError)


def damage_checksum(content: bytes) -> bytes:
    at = content.rindex(b"PK\x01\x02") + 16
    return content[:at] + b"\xde\xad\xbe\xef" + content[at + 4 :]


def encrypt(content: bytes) -> bytes:
    at = content.rindex(b"PK\x01\x02") + 8
    return content[:at] + b"\x01\x00" + content[at + 2 :]


def other_method(content: bytes) -> bytes:
    at = content.rindex(b"PK\x01\x02") + 10
    return content[:at] + b"\x63\x00" + content[at + 2 :]


@pytest.mark.parametrize(
    "damage",
    [damage_checksum, encrypt, other_method, lambda c: c[:40], lambda c: c[:-30], lambda c: b"PK", lambda c: b"hello"],
)
def test_a_damaged_or_encrypted_zip_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    archive = write_zip(tmp_path / "x.zip", {"a": noise(500)})
    archive.write_bytes(damage(archive.read_bytes()))
    assert_refused(archive, ArchiveUnsafeError)


def test_a_zip_without_files_is_refused(tmp_path: Path) -> None:
    assert_refused(write_zip(tmp_path / "x.zip", {"folder/": b""}), UploadEmptyError)


@given(places=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=4)), min_size=1, max_size=5))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_damage_is_refused_or_harmless(tmp_path: Path, places: list[tuple[float, bytes]]) -> None:
    archive = write_zip(tmp_path / "x.zip", {"a": noise(300), "b/c": bytes(900)})
    content = bytearray(archive.read_bytes())
    for share, damage in places:
        at = int(share * len(content))
        content[at : at + len(damage)] = damage
    archive.write_bytes(content)
    out = tmp_path / "out"
    try:
        files = unpack_archive(archive, out, SMALL)
    except PedcontourError:
        files = []
    assert sorted(out.iterdir()) == sorted(files)
    for file in files:
        file.unlink()


def assert_refused(archive: Path, error: type[PedcontourError], *others: str) -> None:
    out = archive.parent / "out"
    with pytest.raises(error):
        unpack_archive(archive, out, SMALL)
    assert not list(out.iterdir())
    assert {path.name for path in archive.parent.iterdir()} <= {"x.zip", "inner.zip", "out", *others}


def write_zip(archive: Path, contents: dict[str, bytes]) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in contents.items():
            entry = zipfile.ZipInfo("x")
            entry.filename = name  # past the constructor, which would clean it
            entry.compress_type = zipfile.ZIP_DEFLATED
            content.writestr(entry, data)
    archive.write_bytes(buffer.getvalue())
    return archive


def noise(length: int) -> bytes:
    """Bytes that deflate cannot shrink."""
    state, out = 1, bytearray()
    while len(out) < length:
        state = state * 6364136223846793005 + 1442695040888963407 & (2**64 - 1)
        out += (state >> 32).to_bytes(4, "little")
    return bytes(out[:length])
