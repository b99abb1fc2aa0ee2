from pathlib import Path

import pytest

from pedcontour.errors import StoreError
from pedcontour.storage import LocalResultStore


def test_a_folder_that_cannot_be_made_is_a_store_error_that_names_no_path(tmp_path: Path) -> None:
    (tmp_path / "patient").write_text("a file where the folder should be")
    (tmp_path / "seg.dcm").write_bytes(b"x")
    store = LocalResultStore(tmp_path / "patient" / "store")
    for use in (store.check, lambda: store.put("job/1/seg.dcm", tmp_path / "seg.dcm")):
        with pytest.raises(StoreError) as refused:
            use()
        assert "patient" not in str(refused.value)


def test_nothing_half_written_is_left_behind(tmp_path: Path) -> None:
    store = LocalResultStore(tmp_path / "store")
    (tmp_path / "seg.dcm").write_bytes(b"x")
    store.put("job/1/seg.dcm", tmp_path / "seg.dcm")
    store.check()
    files = [
        path.relative_to(tmp_path / "store").as_posix() for path in (tmp_path / "store").rglob("*") if path.is_file()
    ]
    assert files == ["job/1/seg.dcm"]


def test_a_write_that_breaks_off_leaves_no_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pedcontour.storage.local.os.fsync", broken)
    store = LocalResultStore(tmp_path / "store")
    (tmp_path / "seg.dcm").write_bytes(b"x")
    with pytest.raises(StoreError):
        store.put("job/1/seg.dcm", tmp_path / "seg.dcm")
    assert store.list("job") == []
    assert list((tmp_path / "store" / ".parts").iterdir()) == []
