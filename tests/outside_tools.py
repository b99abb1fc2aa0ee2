"""Programs that nobody here wrote, found or excused in one way everywhere."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest


def require(program: str) -> str:
    """Where a program is, on the path or beside this Python.

    Without it the test is skipped, or fails where the environment variable PEDCONTOUR_REQUIRE_TOOLS is 1.
    """
    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    return found or lack(f"{program} is not installed")


def lack(what: str) -> NoReturn:
    """Skip a test with the reason; fail it where the environment variable PEDCONTOUR_REQUIRE_TOOLS is 1."""
    if os.environ.get("PEDCONTOUR_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{what}, and is required")
    pytest.skip(what)


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program, or skip; its return code is for the caller to judge."""
    return subprocess.run([require(program), *map(str, arguments)], capture_output=True, text=True, check=False)


def dciodvfy_errors(path: Path) -> list[str]:
    """What dicom3tools finds wrong with one instance, warnings left out."""
    said = run("dciodvfy", path).stderr
    # It names the kind of object it checked; a program that could not read the file has nothing to name.
    assert re.search(r"^\w+$", said, flags=re.MULTILINE), f"dciodvfy checked nothing: {said[:200]}"
    return re.findall(r"^(?:Error|Abort).*", said, flags=re.MULTILINE)


def dcentvfy_complaints(paths: Sequence[Path]) -> list[str]:
    """What dicom3tools finds inconsistent between instances of one patient and study."""
    done = run("dcentvfy", *paths)
    assert done.returncode == 0 or done.stderr, "dcentvfy failed and did not say why"
    return done.stderr.splitlines()
