"""A real disk that uploads could fill: they do not, and what is refused gives its bytes back."""

import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.gateway.admission import Admission, AdmissionLimits
from service.gateway.app import create_app
from service.uploads import UploadLimits
from tests.served_app import served
from tests.stand_ins.model import write_stand_in_model
from tests.unit.service.gateway.conftest import make_gateway

MB = 1_000_000
DISK_MB, KEEP_MB, UPLOAD_MB, SENDERS = 64, 24, 10, 10

SLACK_BYTES = 256 * 1024
"""Pages that files fill in part, and folders."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own in memory; only root may mount one, and not in every container."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a tmpfs")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB * MB}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this container may not mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def url(tmp_path: Path, small_disk: Path) -> Iterator[str]:
    """A gateway whose uploads go to the small disk."""
    write_stand_in_model(tmp_path / "models")
    admission = Admission(AdmissionLimits(min_free_bytes=KEEP_MB * MB, min_free_share=0.0))
    limits = UploadLimits(max_bytes=DISK_MB * MB, max_files=10)
    gateway = make_gateway(tmp_path, uploads=small_disk / "uploads", admission=admission, limits=limits)
    with served(create_app(gateway.parts)) as address:
        yield address


@pytest.mark.parametrize("declares", [False, True], ids=["chunked", "declared"])
def test_uploads_at_once_leave_the_watermark_and_the_refused_ones_nothing(
    url: str, small_disk: Path, declares: bool
) -> None:
    ended = threading.Event()
    lowest = [shutil.disk_usage(small_disk).free]

    def watch() -> None:
        while not ended.is_set():
            lowest[0] = min(lowest[0], shutil.disk_usage(small_disk).free)
            time.sleep(0.002)

    watching = threading.Thread(target=watch)
    watching.start()
    with ThreadPoolExecutor(SENDERS) as pool:
        told = Counter(pool.map(lambda _: _sent(url, declares), range(SENDERS)))
    ended.set()
    watching.join()
    assert lowest[0] >= KEEP_MB * MB - SLACK_BYTES
    assert set(told) <= {"queued", "STORAGE_LOW", "cut off"}
    assert told["STORAGE_LOW"] + told["cut off"] >= SENDERS - (DISK_MB - KEEP_MB) // UPLOAD_MB
    used = DISK_MB * MB - shutil.disk_usage(small_disk).free
    assert used <= told["queued"] * UPLOAD_MB * MB + SLACK_BYTES
    assert len(list(small_disk.glob("uploads/*"))) == told["queued"]


def _sent(url: str, declares: bool) -> str:
    """Send an upload; gives the job's state, the code of the refusal, or that the connection ended in mid-upload."""
    headers: dict[str, Any] = {"Content-Type": "application/zip"}
    if declares:
        headers["Content-Length"] = str(UPLOAD_MB * MB)
    try:
        answer = httpx.post(f"{url}/v1/jobs", content=_body(), headers=headers, timeout=60).json()
    except httpx.TransportError:  # refused while it sent, and it went on sending
        return "cut off"
    return str(answer.get("code") or answer["state"])


def _body() -> Iterator[bytes]:
    for _ in range(UPLOAD_MB):
        yield b"PK" + bytes(MB - 2)
        time.sleep(0.02)
