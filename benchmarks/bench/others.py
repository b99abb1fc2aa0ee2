"""The libraries that we are measured against and do not depend on, in a folder of their own.

rt-utils asks for a build of OpenCV that needs a screen's libraries, and for a backport of ``dataclasses``; neither
belongs into our environment. So it is installed without what it asks for, beside the headless build, and put on the
import path of its side only: it then runs on the same numpy and pydicom as ours.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path("build/bench/others")
PINNED = Path(__file__).parent / "others.txt"


def others() -> Path:
    """The folder for the import path, filled when it is not there yet."""
    if not FOLDER.is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER)]
        subprocess.run([*command, "-r", str(PINNED)], check=True)
    return FOLDER.absolute()
