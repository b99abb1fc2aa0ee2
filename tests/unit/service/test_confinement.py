"""What a process does to itself, seen from a process that did it."""

import subprocess
import sys

import pytest

SETUP = "from service.confinement import *; import resource as r; "


def said_by(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", SETUP + code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or str(done.returncode)


def test_no_core_is_dumped_to_a_file_or_a_program() -> None:
    assert said_by("no_core_dumps(); print(r.getrlimit(r.RLIMIT_CORE))") == "(1, 1)"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("bytearray(2**30)", "MemoryError"),
        ("__import__('mmap').mmap(-1, 2**30)", "OSError"),
    ],
)
def test_memory_is_limited_for_good(code: str, said: str) -> None:
    run = f"confine(Limits(2**29, 60, 2**20))\ntry: print({code})\nexcept Exception as e: print(type(e).__name__)"
    assert said_by("pass\n" + run) == said


def test_limits_cannot_be_raised_again() -> None:
    run = (
        "pass\nconfine(Limits(2**29, 60, 2**20))\n"
        "print([r.getrlimit(k) for k in (r.RLIMIT_AS, r.RLIMIT_FSIZE, r.RLIMIT_CPU)])"
    )
    assert said_by(run) == str([(2**29, 2**29), (2**20, 2**20), (60, 61)])


def test_the_peak_is_of_this_process_alone() -> None:
    hoard = bytearray(300 * 2**20)
    assert len(hoard) // 2**20 == 300
    assert int(said_by("print(peak_memory_bytes() >> 20)")) < 100


def test_nothing_is_said_on_standard_error_once_it_is_closed() -> None:
    code = SETUP + "import os; close_standard_error(); os.write(2, b'Phantom^Child'); print('lives')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("lives\n", "")


def test_files_are_for_the_account_alone_that_made_them() -> None:
    made = "import os, stat, tempfile; d = tempfile.mkdtemp(); p = d + '/f'; "
    shown = "print(oct(stat.S_IMODE(os.stat(p).st_mode)))"
    assert said_by(f"private_files(); {made}open(p, 'w'); {shown}") == "0o600"
