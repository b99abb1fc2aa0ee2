"""Profiles of work and of whole programs."""

import subprocess
import sys
from pathlib import Path

from benchmarks.bench.profiled import profile_in, profile_of

PROGRAM = """
import signal, threading

def busy():
    sum(range(200_000))

def in_thread():
    for _ in range(10):
        busy()

worker = threading.Thread(target=in_thread)
worker.start()
worker.join()
print("ready", flush=True)
signal.pause()
"""


def _work() -> None:
    sorted(range(1000))


def test_a_piece_of_work_is_told_by_its_functions() -> None:
    told = profile_of(_work)
    assert "(_work)" in told
    assert "built-in method builtins.sorted" in told


def test_a_program_that_is_asked_to_stop_leaves_the_profile_of_all_its_threads(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    file = tmp_path / "profile"
    search = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from benchmarks.bench.profiled import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", search, str(file), "program"], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    process.communicate(timeout=60)
    assert "(busy)" in profile_in(file)
