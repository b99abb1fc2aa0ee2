from pathlib import Path

import pytest

from pedcontour.bundle.manifest import (
    MANIFEST_NAME,
    check_file,
    check_listing,
    read_checked,
    read_manifest,
    sha256_of,
    write_manifest,
)
from pedcontour.errors import ModelChecksumError, ModelError

SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.txt").write_bytes(b"abc")
    (tmp_path / "two.txt").write_bytes(b"def")
    write_manifest(tmp_path)
    return tmp_path


def _checksums(folder: Path) -> dict[str, str]:
    return read_manifest((folder / MANIFEST_NAME).read_text())


def test_checksums_are_sha256_in_the_form_of_sha256sum(folder: Path) -> None:
    assert sha256_of(folder / "one.txt") == SHA256_OF_ABC
    assert (folder / MANIFEST_NAME).read_text().splitlines()[0] == f"{SHA256_OF_ABC}  one.txt"


def test_a_folder_as_written_passes(folder: Path) -> None:
    checksums = _checksums(folder)
    check_listing(folder, checksums)
    for name in checksums:
        check_file(folder, name, checksums)
    assert read_checked(folder, "one.txt", checksums) == b"abc"


def test_a_changed_file_is_refused_by_name(folder: Path) -> None:
    checksums = _checksums(folder)
    (folder / "one.txt").write_bytes(b"abd")
    with pytest.raises(ModelChecksumError, match=r"one\.txt"):
        check_file(folder, "one.txt", checksums)
    with pytest.raises(ModelChecksumError, match=r"one\.txt"):
        read_checked(folder, "one.txt", checksums)


def test_a_missing_an_extra_and_a_linked_file_are_refused(folder: Path) -> None:
    checksums = _checksums(folder)
    (folder / "three.txt").write_bytes(b"")
    with pytest.raises(ModelChecksumError, match=r"three\.txt"):
        check_listing(folder, checksums)
    (folder / "three.txt").unlink()
    (folder / "one.txt").rename(folder.parent / "elsewhere.txt")
    with pytest.raises(ModelChecksumError, match=r"missing: one\.txt"):
        check_listing(folder, checksums)
    (folder / "one.txt").symlink_to(folder.parent / "elsewhere.txt")
    with pytest.raises(ModelChecksumError, match=r"one\.txt is not a plain file"):
        check_listing(folder, checksums)
    with pytest.raises(ModelChecksumError):
        read_checked(folder, "one.txt", checksums)


@pytest.mark.parametrize(
    "name",
    ["../secret", "a/b", ".hidden", "", MANIFEST_NAME, "two\\three", "one.txt "],
    ids=lambda name: name or "empty",
)
def test_a_manifest_with_a_name_that_is_not_plain_is_refused(name: str) -> None:
    with pytest.raises(ModelError):
        read_manifest(f"{SHA256_OF_ABC}  {name}\n")


def test_a_manifest_that_names_a_file_twice_is_refused() -> None:
    with pytest.raises(ModelError):
        read_manifest(f"{SHA256_OF_ABC}  one.txt\n" * 2)


def test_an_unlisted_file_is_never_read(folder: Path) -> None:
    with pytest.raises(ModelChecksumError):
        read_checked(folder, MANIFEST_NAME, _checksums(folder))
