"""The one form of every file in ``benchmarks/results``.

A file's head says where its latest rows come from. A row says its own commit and day, and its machine and versions
where they are not the head's: rows of a long table are measured on different days.
"""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("pedcontour", "torch", "openvino", "nnunetv2", "numpy", "scipy", "pydicom", "highdicom")

DIRTY = "-dirty"
UNKNOWN = "unknown"
NOT_MEASURED = ("benchmarks/results", "docs")
"""Folders that no figure depends on: measuring itself writes there, and must not make the next row dirty."""

_PLACE = ("machine", "versions")


def write_results(name: str, command: str, rows: Sequence[dict[str, Any]], **more: Any) -> Path:
    """Write rows with the command, the commit, the machine and the versions that made them; returns the file.

    Rows without a commit are fresh and get this one and the day (UTC); those of ``read_rows`` keep what they say.
    """
    origin = {
        "commit": commit(),
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()},
        "versions": {"python": platform.python_version()} | {p: _version(p) for p in PACKAGES},
    }
    content = {"command": command, **origin, **more, "rows": [_written(row, origin) for row in rows]}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def read_rows(name: str) -> list[dict[str, Any]]:
    """The rows that were written last, each with all of its origin; none where there is no file."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return []
    content = json.loads(path.read_text())
    head = {key: content[key] for key in ("commit", *_PLACE)}
    return [row | {key: said for key, said in head.items() if key not in row} for row in content["rows"]]


@cache
def commit() -> str:
    """The commit that is measured; asked before measuring, it stays what it was then."""
    return commit_of(Path(__file__).parents[1])


def commit_of(tree: Path) -> str:
    """A working tree's commit, in short: with ``-dirty`` where code differs from it, ``unknown`` outside git."""
    found = _git(tree, "rev-parse", "--short", "HEAD")
    if found is None:
        return UNKNOWN
    changed = _git(tree, "status", "--porcelain", "--", ".", *(f":(exclude){folder}" for folder in NOT_MEASURED))
    return found + DIRTY if changed else found


def names_code(of: str) -> bool:
    """Whether a commit says all of what was measured, so that figures of another run may stand for it."""
    return of != UNKNOWN and not of.endswith(DIRTY)


def _written(row: dict[str, Any], origin: Mapping[str, Any]) -> dict[str, Any]:
    fresh = {} if "commit" in row else {"commit": origin["commit"], "date": datetime.now(UTC).date().isoformat()}
    return {key: said for key, said in (row | fresh).items() if key not in _PLACE or said != origin[key]}


def _git(tree: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=tree, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
