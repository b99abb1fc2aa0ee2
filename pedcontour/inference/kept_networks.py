"""What stays in the folder of converted networks: what is used, and nothing that nobody will come back for."""

import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

CONVERTING = ".converting-"
"""What the name of an entry begins with that is being written."""

NETWORK_NAME = "network.xml"

UNUSED_S = 30 * 24 * 3600
"""An entry that was not read for so long is that of an older OpenVINO, or of a model that is gone. One that is missed
after all costs one conversion."""

ABANDONED_S = 3600
"""A conversion takes minutes at most: who has written for so long was killed."""

_ENTRY = re.compile(r".+-[0-9a-f]{32}")


def note_use(entry: Path) -> None:
    """Note on an entry that it is used now; nothing where it may only be read, or is not there."""
    with suppress(OSError):
        os.utime(entry)


def sweep(folder: Path) -> None:
    """Remove entries that were long not used, and what killed processes left half written; raises nothing.

    What the folder holds beside them stays. A process that has an entry open keeps it.
    """
    now = time.time()
    with suppress(OSError):  # no such folder yet, or one that may not be read
        for path in list(folder.iterdir()):
            if (kept_s := _kept_s(path)) is not None and _age_s(path, now) > kept_s:
                shutil.rmtree(path, ignore_errors=True)


def _kept_s(path: Path) -> int | None:
    """For how long this is kept; None for what is not ours."""
    if path.name.startswith(CONVERTING):
        return ABANDONED_S
    return UNUSED_S if _ENTRY.fullmatch(path.name) and (path / NETWORK_NAME).is_file() else None


def _age_s(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except OSError:  # another process has removed it
        return 0.0
