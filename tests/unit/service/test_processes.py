import os
import signal
import sys
import time
from pathlib import Path

from service.processes import Child

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)",
)


def a_child(tmp_path: Path, command: tuple[str, ...], grace_s: float = 5.0) -> Child:
    return Child("child", command, dict(os.environ), tmp_path, grace_s)


def test_a_child_that_dies_is_started_again_after_a_short_wait(tmp_path: Path) -> None:
    child = a_child(tmp_path, SLEEP)
    child.revive()
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    give_up = time.monotonic() + 10
    while child.pid in (None, first) and time.monotonic() < give_up:
        child.revive()
        time.sleep(0.02)
    assert child.pid not in (None, first)
    assert child.deaths == 1
    child.ask_to_stop()
    child.stop()
    assert child.pid is None


def test_a_child_that_dies_at_once_is_not_started_without_end(tmp_path: Path) -> None:
    child = a_child(tmp_path, (sys.executable, "-S", "-c", "raise SystemExit(3)"))
    give_up = time.monotonic() + 1.5
    while time.monotonic() < give_up:
        child.revive()
        time.sleep(0.01)
    child.stop()
    assert 1 <= child.deaths <= 3


def test_a_child_that_does_not_stop_is_killed_after_its_grace(tmp_path: Path) -> None:
    child = a_child(tmp_path, STUBBORN, grace_s=0.3)
    child.revive()
    give_up = time.monotonic() + 10
    while "on" not in (tmp_path / "child.log").read_text() and time.monotonic() < give_up:
        time.sleep(0.02)
    child.ask_to_stop()
    child.stop()
    assert child.pid is None


def test_files_of_a_child_are_for_its_account_alone(tmp_path: Path) -> None:
    touch = (sys.executable, "-S", "-c", "open(__import__('sys').argv[1], 'w')", str(tmp_path / "made"))
    before = os.umask(0o022)
    try:
        child = a_child(tmp_path, touch)
        child.revive()
        child.stop()
    finally:
        os.umask(before)
    assert (tmp_path / "made").stat().st_mode & 0o077 == 0
