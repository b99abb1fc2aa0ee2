"""The data folder: made for one account, used as it is where somebody made it otherwise."""

import os
import stat
from pathlib import Path

import pytest

from pedcontour.errors import DataFolderError
from service.datafolder import make_data_folder, warn_of_open_folder


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_for_the_account_alone_whatever_the_umask(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = os.umask(0)
    try:
        make_data_folder(tmp_path / "data")
    finally:
        os.umask(before)
    warn_of_open_folder(tmp_path / "data")
    assert mode_of(tmp_path / "data") == 0o700
    assert not caplog.records


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_one_that_others_may_enter_is_left_as_it_is_and_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    tmp_path.chmod(mode)
    make_data_folder(tmp_path)
    warn_of_open_folder(tmp_path)
    assert mode_of(tmp_path) == mode
    assert f"0{mode:o}" in caplog.text and caplog.records[0].levelname == "WARNING"


def test_one_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderError):
        make_data_folder(tmp_path / "file" / "data")
    with pytest.raises(DataFolderError):
        warn_of_open_folder(tmp_path / "none")
