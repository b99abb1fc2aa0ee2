"""On a machine that others use, too: what a running service writes is for its own account alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pedcontour.client import Client
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.settings import Settings
from tests.stand_ins.model import shaded_torso, write_stand_in_model

SERVE = """
import sys
from pedcontour.settings import Settings
from service.embedded import serve
serve(Settings(), lambda service: print(service.url, flush=True), (sys.executable, "-m", "tests.stand_ins.worker"))
"""

pytestmark = pytest.mark.slow


@contextmanager
def _stopped(process: "subprocess.Popen[str]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _open_to_others(folder: Path) -> list[str]:
    """Files and folders that another account may read, write or enter; those that went away meanwhile count not."""
    found = []
    for path in (folder, *folder.rglob("*")):
        try:
            if path.lstat().st_mode & 0o077 and not path.is_symlink():
                found.append(f"{path.relative_to(folder)} {path.lstat().st_mode & 0o777:o}")
        except FileNotFoundError:
            continue
    return found


def test_nobody_else_may_read_what_a_service_keeps_and_results_are_fetched_with_ones_own_umask(tmp_path: Path) -> None:
    write_stand_in_model(tmp_path / "models")
    write_ct_series(shaded_torso(), tmp_path / "ct")
    data = tmp_path / "data"
    settings = Settings(data_dir=data, models_dir=tmp_path / "models", port=0, heartbeat_s=1.0)
    before = os.umask(0o022)
    try:
        with (
            subprocess.Popen(
                [sys.executable, "-c", SERVE], env=settings.environment(), stdout=subprocess.PIPE, text=True
            ) as process,
            _stopped(process),
        ):
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with Client(url) as client:
                job = client.wait(client.submit(tmp_path / "ct").id, timeout_s=60)
                fetched = client.download(job.id, tmp_path / "out")
            assert httpx.get(f"{url}/v1/jobs/{job.id}").json()["state"] == "done"
            assert _open_to_others(data) == []
    finally:
        os.umask(before)
    kept = {path.relative_to(data).parts[0] for path in data.rglob("*") if path.is_file()}
    assert kept >= {"audit", "broker", "jobs.sqlite", "results", "uploads"}
    assert _open_to_others(data) == []
    assert {path.stat().st_mode & 0o777 for path in fetched} == {0o644}
