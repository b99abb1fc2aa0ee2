"""A gateway in memory: no broker, no worker, no network; the models are stand-ins on disk."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pedcontour.storage import MemoryResultStore
from service.gateway.app import create_app
from service.gateway.keys import KeyRing
from service.gateway.models import InstalledModels
from service.gateway.parts import GatewayParts
from service.jobs import Ending, State
from service.jobstore import MemoryJobStore
from service.queue import MemoryJobQueue
from service.uploads import UploadLimits
from tests.stand_ins.model import write_stand_in_model

KEY, OTHER_KEY = "first-key-0123456789", "other-key-0123456789"
LIMITS = UploadLimits(max_bytes=1_000_000, max_files=2_000)


@dataclass
class Gateway:
    """A client, and what lies behind it."""

    http: TestClient
    parts: GatewayParts
    jobs: MemoryJobStore
    queue: MemoryJobQueue

    def finish(self, job_id: str, tmp_path: Path) -> None:
        """What a worker would do."""
        self.jobs.claim_next("worker")
        keys = {}
        for name in ("rtstruct.dcm", "seg.dcm", "report.json", "preview.png"):
            (tmp_path / name).write_bytes(name.encode() * 100)
            keys[name] = f"{job_id}/1/{name}"
            self.parts.results.put(keys[name], tmp_path / name)
        self.jobs.end(job_id, "worker", Ending(State.DONE, results=keys))


def make_gateway(tmp_path: Path, *configured: str, **changes: Any) -> Gateway:
    """A gateway with keys of the settings; ``changes`` replace parts of it."""
    jobs, queue = MemoryJobStore(), MemoryJobQueue()
    parts = GatewayParts(
        jobs=jobs,
        queue=queue,
        results=MemoryResultStore(),
        models=InstalledModels(tmp_path / "models"),
        uploads=tmp_path / "uploads",
        limits=LIMITS,
        keys=KeyRing(configured),
        ready_remembered_s=0.0,
    )
    parts = replace(parts, **changes)
    return Gateway(TestClient(create_app(parts)), parts, jobs, queue)


@pytest.fixture
def models(tmp_path: Path) -> None:
    write_stand_in_model(tmp_path / "models")


@pytest.fixture
def gateway(tmp_path: Path, models: None) -> Iterator[Gateway]:
    gateway = make_gateway(tmp_path)
    with gateway.http:
        yield gateway


@pytest.fixture
def keyed(tmp_path: Path, models: None) -> Iterator[Gateway]:
    gateway = make_gateway(tmp_path, KEY, OTHER_KEY)
    with gateway.http:
        yield gateway
