"""Real children of a worker whose work goes wrong in a named way, and a job given to one."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from service.jobs import Job, Options
from service.worker.gate import Gate
from service.worker.inference import InferenceChild
from service.worker.memory_kills import MemoryKills
from service.worker.messages import Contour
from service.worker.patience import Patience
from service.worker.run import Contoured
from tests.stand_ins.faulty_child import VERDICT

NOW = datetime(2026, 3, 1, tzinfo=UTC)

Told = Callable[[str, float], None]


def silently(stage: str, share: float) -> None:
    """Progress that nobody looks at."""


@contextmanager
def a_child(
    fault: str,
    patience: Patience | None = None,
    kills: MemoryKills = lambda: None,
    gate: Gate | None = None,
) -> Iterator[InferenceChild]:
    command = (sys.executable, "-m", "tests.stand_ins.faulty_child", fault)
    child = InferenceChild(command, dict(os.environ), patience or Patience(), kills, gate)
    try:
        yield child
    finally:
        child.close()


def do(child: InferenceChild, folder: Path, job_id: str = "bad", told: Told = silently, trouble: str = "") -> str:
    """Have a job done; returns the id of the process that did it."""
    job = Job(job_id, Options("model"), NOW, NOW, trouble=trouble)
    order = Contour(job=job, files=folder, out=folder / job_id, left_out=())
    done = child.contour(order, told)
    assert done == Contoured((VERDICT,), ("A: b",), ("seg.dcm",))
    return (folder / job_id / "seg.dcm").read_text()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
