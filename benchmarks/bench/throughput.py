"""Row ``throughput``: jobs a minute of a queue, by a worker of two lanes and by one of a single lane.

The service is the one that ``pedcontour serve`` starts, with the shipped model and whole jobs of the case "infant". Two
services stand side by side, and each in its turn gets a queue while the other idles. A queue's time is that from the
first claim to the last end; the uploads of the later jobs fall into the first one, on both sides.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.bench.process_tree import watched
from benchmarks.bench.rows import Figures, Row, keep
from benchmarks.bench.teen import KEPT, case
from pedcontour.client import Client
from pedcontour.settings import Settings
from service.embedded import RunningService, running

JOBS, TURNS = 6, 5
ONE, TWO = 1, 2
CASE = "infant"
TIMEOUT_S = 1800.0


@dataclass(frozen=True)
class Queue:
    """A queue that was worked off: its seconds, each job's seconds by stage, and the worker's memory at most."""

    seconds: float
    stages_s: Sequence[dict[str, float]]
    peak_mib: float


def measure(jobs: int = JOBS, turns: int = TURNS) -> list[Figures]:
    """The row, from ``turns`` queues a side after one that warms up."""
    done: dict[int, list[Queue]] = {ONE: [], TWO: []}
    with tempfile.TemporaryDirectory(prefix="pedcontour-throughput-") as work, ExitStack() as stack:
        services = {lanes: stack.enter_context(_service(lanes, Path(work))) for lanes in done}
        for turn in range(1 + turns):
            for lanes, service in services.items():
                queue = work_off(service, case(CASE).ct, jobs)
                if turn:
                    done[lanes].append(queue)
    return [line(done[ONE], done[TWO], jobs)]


def work_off(service: RunningService, series: Path, jobs: int) -> Queue:
    """Send so many jobs and wait for the last."""
    worker = service.parts["worker"].pid
    assert worker is not None
    with Client(service.url) as client, watched([worker]) as peak:
        sent = [client.submit(series).id for _ in range(jobs)]
        for job_id in sent:
            client.wait(job_id, timeout_s=TIMEOUT_S)
    told = [httpx.get(f"{service.url}/v1/jobs/{job_id}").raise_for_status().json() for job_id in sent]
    seconds = max(map(_moment("ended_at"), told)) - min(map(_moment("started_at"), told))
    return Queue(seconds, [job["provenance"]["software"]["timings_s"] for job in told], peak.mib)


def line(one: Sequence[Queue], two: Sequence[Queue], jobs: int) -> Figures:
    """The row: jobs a minute, and where a job's seconds went."""
    ours, other = _per_minute(two, jobs), _per_minute(one, jobs)
    return {
        "name": "throughput",
        "ours": round(ours, 2),
        "other": round(other, 2),
        "other_is": "one lane",
        "ratio": round(ours / other, 2),
        "unit": "jobs/min",
        "n": len(two),
        "jobs": jobs,
        "case": CASE,
        "load": round(os.getloadavg()[0], 1),
        "ours_peak_mib": round(median(queue.peak_mib for queue in two)),
        "other_peak_mib": round(median(queue.peak_mib for queue in one)),
        "ours_stages_s": _stages(two),
        "other_stages_s": _stages(one),
    }


def _per_minute(queues: Sequence[Queue], jobs: int) -> float:
    return 60 * jobs / median(queue.seconds for queue in queues)


def _stages(queues: Sequence[Queue]) -> dict[str, float]:
    """Median seconds of each whole stage over all jobs."""
    jobs = [stages for queue in queues for stages in queue.stages_s]
    names = [name for name in jobs[0] if "." not in name]
    return {name: round(median(stages.get(name, 0.0) for stages in jobs), 2) for name in names}


def _moment(name: str) -> Any:
    return lambda job: datetime.fromisoformat(job[name]).timestamp()


@contextmanager
def _service(lanes: int, work: Path) -> Iterator[RunningService]:
    folder = work / f"lanes-{lanes}"
    settings = Settings(data_dir=folder / "data", cache_dir=KEPT.absolute() / "converted", port=0, lanes=lanes)
    with running(settings, logs=folder / "logs") as service:
        yield service


ROW = Row("throughput", "jobs a minute of a queue: two lanes against one", measure)


def main() -> None:
    """Measure with fewer jobs or turns, for a first look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--turns", type=int, default=TURNS)
    given = parser.parse_args()
    print(*keep(measure(given.jobs, given.turns)), sep="\n")


if __name__ == "__main__":
    main()
