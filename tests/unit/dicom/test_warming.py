"""A worker that has warmed up loads nothing with its first result."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pedcontour.dicom.warming import warm_up_dicom

FIRST_RESULT = """
import sys
from pathlib import Path
from pedcontour.dicom.warming import warm_up_dicom
from pedcontour.dicom.catalogue import WRITERS
from tests.made_series import bodies, grid_for, made_result, made_series
GRID = grid_for((12, 40, 44), (9.0, 3.0, 3.0))
warm_up_dicom()
before = set(sys.modules)
result = made_result(made_series(GRID), bodies(GRID))
for name, write in WRITERS.items():
    write(result, Path(sys.argv[1]) / name)
print(sorted(set(sys.modules) - before))
"""


def test_the_first_result_imports_nothing_any_more(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FIRST_RESULT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_warming_up_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    warm_up_dicom()
    assert list(tmp_path.iterdir()) == []
