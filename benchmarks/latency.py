"""How soon an idle service begins a job that it has taken, and how soon a client knows that it has ended."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import time

import httpx

from pedcontour.client import Client

TIMEOUT_S = 120.0


@dataclass
class Latencies:
    """In milliseconds, one a job. All processes have one clock."""

    begun_ms: list[float] = field(default_factory=list)
    begun_after_answer_ms: list[float] = field(default_factory=list)
    told_ms: list[float] = field(default_factory=list)
    waited_ms: list[float] = field(default_factory=list)


def idle_latencies(url: str, series: Sequence[Path], jobs: int) -> Latencies:
    """Send so many jobs, each when the one before has ended; its events and ``Client.wait`` are waited for at once."""
    found = Latencies()
    with (
        Client(url) as client,
        httpx.Client(base_url=url, timeout=TIMEOUT_S) as http,
        ThreadPoolExecutor(1) as beside,
    ):
        client.wait(client.submit(series).id, timeout_s=TIMEOUT_S)  # the first job of a worker takes longer
        for _ in range(jobs):
            job = client.submit(series)
            answered = time()
            waited = beside.submit(_end_is_waited_for, client, job.id)
            seen = _end_is_told(http, job.id)
            accepted, started, ended = _times(http, job.id)
            found.begun_ms.append(1000 * (started - accepted))
            found.begun_after_answer_ms.append(1000 * max(0.0, started - answered))
            found.told_ms.append(1000 * (seen - ended))
            found.waited_ms.append(1000 * (waited.result() - ended))
    return found


def _end_is_waited_for(client: Client, job_id: str) -> float:
    """When ``Client.wait`` returned."""
    client.wait(job_id, timeout_s=TIMEOUT_S)
    return time()


def _end_is_told(http: httpx.Client, job_id: str) -> float:
    """When the event stream told that the job has ended."""
    with http.stream("GET", f"/v1/jobs/{job_id}/events") as events:
        for line in events.iter_lines():
            if line == "event: end":
                return time()
    raise RuntimeError("the stream of events ended before the job")


def _times(http: httpx.Client, job_id: str) -> tuple[float, ...]:
    """When a job was kept, begun and ended."""
    job = http.get(f"/v1/jobs/{job_id}").json()
    return tuple(datetime.fromisoformat(job[name]).timestamp() for name in ("accepted_at", "started_at", "ended_at"))
