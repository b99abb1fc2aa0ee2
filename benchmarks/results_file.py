"""The one form of every file in ``benchmarks/results``."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("pedcontour", "torch", "openvino", "nnunetv2", "numpy", "scipy", "pydicom", "highdicom")


def write_results(name: str, command: str, rows: Sequence[dict[str, Any]], **more: Any) -> Path:
    """Write rows with the command, the commit, the machine and the versions that made them; returns the file."""
    content = {
        "command": command,
        "commit": commit(),
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()},
        "versions": {"python": platform.python_version()} | {p: _version(p) for p in PACKAGES},
        **more,
        "rows": list(rows),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def read_rows(name: str) -> list[dict[str, Any]]:
    """The rows that were written last; none where there is no file."""
    path = RESULTS / f"{name}.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text())["rows"] if path.exists() else []
    return rows


def commit() -> str:
    """The commit that is measured, in short."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


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
