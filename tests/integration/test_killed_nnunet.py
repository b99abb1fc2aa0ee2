"""A site that is killed in the middle of a round of nnU-Net ends it with the same model, to the last bit."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.made_hospital import CASES, write_dataset
from tests.nnunet_round import EPOCHS

pytestmark = pytest.mark.slow


def _start(data: Path, work: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.nnunet_round", str(data), str(work), f"{work}.digest"]
    return subprocess.Popen(command)


def _ended(data: Path, work: Path) -> str:
    assert _start(data, work).wait(timeout=300) == 0
    return Path(f"{work}.digest").read_text()


def test_a_round_killed_at_work_ends_as_one_that_was_not(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", CASES["alder"])
    calm = _ended(data, tmp_path / "calm")

    rough = tmp_path / "rough"
    killed = _start(data, rough)
    end = time.monotonic() + 300
    while not list(rough.glob("rounds/*/checkpoint_latest.pth")):
        assert killed.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    killed.kill()
    assert killed.wait() == -9
    begun = _epochs_begun(rough)
    assert 1 <= begun <= EPOCHS
    assert _ended(data, rough) == calm
    assert _epochs_begun(rough) in (EPOCHS, EPOCHS + 1)  # what was done is not done again, but for the epoch it died in


def _epochs_begun(work: Path) -> int:
    logs = work.glob("nnUNet_results/*/*/fold_all/training_log_*.txt")
    return sum(log.read_text().count("Current learning rate") for log in logs)
