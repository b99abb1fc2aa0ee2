import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pedcontour.errors import StoreError, UploadEmptyError, UploadTooLargeError
from service.uploads import UploadLimits, UploadPart, begin_upload, erase_upload, sweep_uploads

LIMITS = UploadLimits(max_bytes=100, max_files=3)


def _part(tmp_path: Path) -> UploadPart:
    return begin_upload(tmp_path / "uploads", "job", LIMITS)


def test_a_committed_upload_lies_in_its_folder_under_our_own_names(tmp_path: Path) -> None:
    part = _part(tmp_path)
    for content in (b"one", b"two"):
        part.begin_file()
        part.write(content)
        part.end_file()
    assert not (tmp_path / "uploads" / "job").exists()
    part.commit()
    files = {path.name: path.read_bytes() for path in (tmp_path / "uploads" / "job").iterdir()}
    assert files == {"000001.dcm": b"one", "000002.dcm": b"two"}
    assert (part.files, part.size_bytes) == (2, 6)
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == ["job"]


def test_one_zip_is_named_as_such_and_a_zip_among_others_is_not(tmp_path: Path) -> None:
    part = _part(tmp_path)
    part.begin_file()
    part.write(b"PK\x03\x04...")
    part.commit()
    assert [path.name for path in part.target.iterdir()] == ["upload.zip"]
    second = begin_upload(tmp_path / "uploads", "second", LIMITS)
    for _ in range(2):
        second.begin_file()
        second.write(b"PK\x03\x04...")
    second.commit()
    assert sorted(path.name for path in second.target.iterdir()) == ["000001.dcm", "000002.dcm"]


def test_an_upload_of_nothing_or_of_empty_files_is_empty(tmp_path: Path) -> None:
    part = _part(tmp_path)
    with pytest.raises(UploadEmptyError):
        part.commit()
    part.begin_file()
    part.end_file()
    with pytest.raises(UploadEmptyError):
        part.commit()


def test_an_empty_file_among_others_is_kept_for_the_reader_to_refuse(tmp_path: Path) -> None:
    part = _part(tmp_path)
    part.begin_file()
    part.write(b"one")
    part.begin_file()
    part.begin_file(is_named=False)
    part.commit()
    files = {path.name: path.read_bytes() for path in part.target.iterdir()}
    assert files == {"000001.dcm": b"one", "000002.dcm": b""}
    assert part.files == 2


def test_too_many_bytes_or_files_are_refused_when_they_come(tmp_path: Path) -> None:
    part = _part(tmp_path)
    part.begin_file()
    part.write(b"x" * 100)
    with pytest.raises(UploadTooLargeError):
        part.write(b"x")
    part.discard()
    part = _part(tmp_path)
    for _ in range(3):
        part.begin_file()
    with pytest.raises(UploadTooLargeError):
        part.begin_file()


@pytest.mark.parametrize("committed", [False, True])
def test_a_discarded_upload_leaves_nothing(tmp_path: Path, committed: bool) -> None:
    part = _part(tmp_path)
    part.begin_file()
    part.write(b"x")
    if committed:
        part.commit()
    part.discard()
    assert list((tmp_path / "uploads").iterdir()) == []


def test_uploads_that_broke_off_are_swept_and_others_are_not(tmp_path: Path) -> None:
    root = tmp_path / "uploads"
    sweep_uploads(root)
    done = begin_upload(root, "done", LIMITS)
    done.begin_file()
    done.write(b"x")
    done.commit()
    broken = begin_upload(root, "broken", LIMITS)
    os.utime(broken.folder, (0, 0))
    coming = begin_upload(root, "coming", LIMITS)
    sweep_uploads(root, older_than_s=60)
    assert set(root.iterdir()) == {done.target, coming.folder}
    sweep_uploads(root)
    assert set(root.iterdir()) == {done.target}


def test_what_the_disk_refuses_is_a_store_error_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file where the folder should be")
    with pytest.raises(StoreError) as refused:
        _part(tmp_path)
    assert str(tmp_path) not in str(refused.value)


def test_an_erased_upload_is_gone_and_erasing_it_again_is_no_error(tmp_path: Path) -> None:
    part = _part(tmp_path)
    part.begin_file()
    part.write(b"x")
    part.commit()
    for _ in range(2):
        erase_upload(tmp_path / "uploads", "job")
        assert list((tmp_path / "uploads").iterdir()) == []


def test_an_upload_that_several_erase_at_once_is_gone_for_each_of_them(tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    for job_id in map(str, range(5)):
        (uploads / job_id).mkdir(parents=True)
        for n in range(200):
            (uploads / job_id / f"{n}.dcm").touch()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _, job_id=job_id: erase_upload(uploads, job_id), range(4)))
        assert list(uploads.iterdir()) == []


def _digest(tmp_path: Path, *files: bytes) -> str:
    part = begin_upload(tmp_path / "uploads", str(len(list(tmp_path.rglob("*")))), LIMITS)
    for content in files:
        part.begin_file()
        for byte in content:
            part.write(bytes([byte]))
    part.end_file()
    return part.content_sha256()


def test_the_digest_is_of_every_file_in_its_order_however_it_came(tmp_path: Path) -> None:
    assert _digest(tmp_path, b"one", b"two") == _digest(tmp_path, b"one", b"two")
    different = [(b"one", b"two"), (b"two", b"one"), (b"onetwo",), (b"on", b"etwo"), (b"one", b"", b"two")]
    assert len({_digest(tmp_path, *files) for files in different}) == len(different)
