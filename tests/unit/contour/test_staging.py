"""A folder that appears whole or not at all."""

from pathlib import Path

import pytest

from pedcontour.contour.staging import staged_folder
from pedcontour.errors import OutputFolderNotEmptyError, StoreError


def test_the_folder_appears_only_when_the_block_has_ended_well(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with staged_folder(out) as folder:
        (folder / "a.txt").write_text("a")
        assert not out.exists()
    assert (out / "a.txt").read_text() == "a"
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_nothing_is_left_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), staged_folder(tmp_path / "out") as folder:
        (folder / "a.txt").write_text("a")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_cannot_be_read_is_not_told_as_a_result_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="read or written: No such file") as refused, staged_folder(tmp_path / "out"):
        (tmp_path / "gone.dcm").read_bytes()
    assert "gone" not in str(refused.value)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputFolderNotEmptyError), staged_folder(tmp_path / "out"):
        pass


def test_what_came_into_the_folder_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(StoreError), staged_folder(out) as folder:
        (folder / "a.txt").write_text("ours")
        out.mkdir()
        (out / "b.txt").write_text("theirs")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "b.txt"]
