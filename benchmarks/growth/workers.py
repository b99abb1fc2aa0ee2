"""Jobs a minute against the number of workers, each as shipped, on this one machine, whose cores they share."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import sqlalchemy as sa

from benchmarks.bench.process_tree import watched
from benchmarks.bench.teen import KEPT, case, read_case
from benchmarks.faults.service import Crew
from benchmarks.growth.line import Growth
from benchmarks.growth.volume import part_of
from pedcontour.client import Client
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.settings import Settings
from service.embedded import WORKER, running
from service.jobtable.schema import workers as workers_table
from service.processes import Child

WORKERS = (1, 2, 3)
JOBS = 12
SLICES, STEP = 60, 2
"""A short series of 256 x 256: what counts is how jobs share the cores, not how long one is."""

REPEATS = 2
TIMEOUT_S = 600.0
AGAINST = "worker"


@dataclass(frozen=True)
class Crowd:
    """A running service: its address, and the processes of its workers."""

    url: str
    workers: Sequence[int]


def measure(workers: Sequence[int] = WORKERS, jobs: int = JOBS, repeats: int = REPEATS) -> Iterator[Growth]:
    """Jobs a minute, and what all workers hold together."""
    rates, memory = [], []
    with tempfile.TemporaryDirectory() as folder:
        series = part_of(read_case(str(case("tall").folder))[0].volume, SLICES, STEP)
        files = write_ct_series(series, Path(folder) / "ct")
        for number in workers:
            with service_of(number, Path(folder) / f"service-{number}") as crowd, watched(crowd.workers) as peak:
                jobs_a_minute(crowd.url, files, number)  # the first job of a worker takes longer
                rates.append((float(number), median(jobs_a_minute(crowd.url, files, jobs) for _ in range(repeats))))
            memory.append((float(number), peak.mib))
    yield Growth("workers/jobs", "jobs a minute", AGAINST, tuple(rates), repeats)
    yield Growth("workers/memory", "MiB", AGAINST, tuple(memory), 1)


@contextmanager
def service_of(workers: int, root: Path) -> Iterator[Crowd]:
    """The service as ``pedcontour serve`` starts it, with workers more; yields when each is ready for a job."""
    settings = Settings(
        data_dir=root / "data", cache_dir=(KEPT / "converted").absolute(), port=0, max_posts_per_minute=1000
    )
    with ExitStack() as stack:
        service = stack.enter_context(running(settings, WORKER, logs=root / "logs"))
        environment = service.settings.environment()
        more = {
            f"worker-{n}": Child(f"worker-{n}", WORKER, environment, root / "logs", settings.stop_grace_s)
            for n in range(2, workers + 1)
        }
        stack.enter_context(Crew(more).at_work())
        _wait_for(workers, settings.job_table_url)
        children = (service.parts["worker"], *more.values())
        yield Crowd(service.url, [child.pid for child in children if child.pid is not None])


def jobs_a_minute(url: str, files: Sequence[Path], jobs: int) -> float:
    """Send so many jobs and wait for all: their number by the time from the first one's begin to the last one's end."""
    with Client(url) as client, httpx.Client(base_url=url, trust_env=False) as http:
        ids = [client.submit(files).id for _ in range(jobs)]
        for job_id in ids:
            client.wait(job_id, timeout_s=TIMEOUT_S)
        ended = [http.get(f"/v1/jobs/{job_id}").raise_for_status().json() for job_id in ids]
    begun_s = min(_moment_s(job["started_at"]) for job in ended)
    return 60.0 * jobs / (max(_moment_s(job["ended_at"]) for job in ended) - begun_s)


def _moment_s(text: Any) -> float:
    return datetime.fromisoformat(text).timestamp()


def _wait_for(workers: int, table_url: str) -> None:
    """Wait until so many workers have given a sign of life, which each does when it is ready."""
    engine, give_up = sa.create_engine(table_url), time.monotonic() + TIMEOUT_S
    while time.monotonic() < give_up:
        with engine.connect() as connection:
            if connection.execute(sa.select(sa.func.count()).select_from(workers_table)).scalar_one() >= workers:
                return
        time.sleep(0.2)
    raise RuntimeError("not every worker became ready; see their logs")
