import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pedcontour.errors import StoreError
from service.worker.scratch import scratch_folder

KILLED = """
import os, signal, sys, tempfile
from pathlib import Path
from service.worker.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])):
    Path(tempfile.mkdtemp(), "slice.dcm").write_bytes(b"a patient's")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_temporary_files_lie_in_the_folder_and_go_with_it(tmp_path: Path) -> None:
    before = tempfile.gettempdir()
    with scratch_folder(tmp_path) as folder:
        made = Path(tempfile.mkdtemp())
        assert made.parent == folder
    assert tempfile.gettempdir() == before
    assert not folder.exists() and not list(tmp_path.glob("*.worker"))


def test_what_a_killed_worker_left_is_swept_by_the_next_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    with scratch_folder(tmp_path):
        living = Path(tempfile.mkdtemp())
        subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
        assert len(list(tmp_path.rglob("slice.dcm"))) == 1
        with scratch_folder(tmp_path):
            assert not list(tmp_path.rglob("slice.dcm"))
            assert living.is_dir()


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError), scratch_folder(tmp_path / "file"):
        pass
