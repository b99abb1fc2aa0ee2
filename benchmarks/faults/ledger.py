"""What became of the jobs that a service has accepted, and how soon it went on after a fault."""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from benchmarks.faults.service import FaultyService
from pedcontour.errors import StoreError
from pedcontour.storage import LocalResultStore
from service.jobs import ENDED, Job, State

PATIENCE_S = 300.0
"""How long a fault may take to be overcome, and jobs to end after the last one; then they count as lost."""

SENDERS = 4

SENT_AGAIN = 0.25
"""The share of requests that are sent once more although they were answered."""


@dataclass
class Ledger:
    """Sends jobs and notes what was promised: every id that was answered, and how each job ended first.

    ``may_be_cancelled`` are jobs that were cancelled while they ran, ``erased`` those that shall be gone.
    """

    service: FaultyService
    archive: bytes
    chance: random.Random
    accepted: set[str] = field(default_factory=set)
    may_be_cancelled: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    first_ends: dict[str, Job] = field(default_factory=dict)
    recoveries_s: list[float] = field(default_factory=list)

    def send(self, count: int) -> None:
        """Send jobs as a careful client does: with a key of its own for each, again and again until it is answered."""
        with ThreadPoolExecutor(SENDERS) as pool:
            for answered in pool.map(lambda _: self._send_one(), range(count)):
                self.accepted.add(answered)

    def _send_one(self) -> str:
        key = str(uuid.uuid4())
        job_id = self._answered(key)
        if self.chance.random() < SENT_AGAIN:
            assert self._answered(key) == job_id, "one request was answered with two jobs"
        return job_id

    def _answered(self, key: str) -> str:
        headers = {"Content-Type": "application/zip", "Idempotency-Key": key}
        while True:
            try:
                answer = httpx.post(f"{self.service.url}/v1/jobs", content=self.archive, headers=headers, timeout=30)
            except httpx.HTTPError:
                time.sleep(0.2)
                continue
            if answer.status_code in (200, 202):
                return str(answer.json()["id"])
            assert answer.status_code in (429, 503), answer.text
            time.sleep(0.2)

    def open_jobs(self) -> list[Job]:
        """The jobs that have not ended; each that has is noted as it ended first."""
        every = self.service.jobs()
        for job in every:
            if job.state in ENDED:
                self.first_ends.setdefault(job.id, job)
        return [job for job in every if job.state not in ENDED]

    def time_recovery(self, has_gone_on: Callable[[], bool]) -> None:
        """Note how long it takes from now until the service goes on."""
        began = time.monotonic()
        while not has_gone_on():
            assert time.monotonic() - began < PATIENCE_S, "the service did not go on"
            time.sleep(0.02)
        self.recoveries_s.append(time.monotonic() - began)

    def settle(self) -> None:
        """Wait until every job has ended."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up and self.open_jobs():
            threading.Event().wait(0.2)

    def lost(self) -> int:
        """Accepted jobs that are not as they should be: done with every result, or what the row did to them."""
        jobs = {job.id: job for job in self.service.jobs()}
        return sum(not self._is_right(job_id, jobs.get(job_id)) for job_id in self.accepted)

    def why_lost(self) -> dict[str, int]:
        """How many of the lost jobs ended with which problem, or in which state they were left."""
        jobs = {job.id: job for job in self.service.jobs()}
        lost = [jobs.get(job_id) for job_id in self.accepted if not self._is_right(job_id, jobs.get(job_id))]
        return dict(Counter(_plight(job) for job in lost))

    def _is_right(self, job_id: str, job: Job | None) -> bool:
        results = LocalResultStore(self.service.settings.results_dir)
        if job_id in self.erased:
            gone = not (self.service.settings.uploads_dir / job_id).exists() and results.list(job_id) == []
            return job is None and gone
        if job is None:
            return False
        if job.state is State.CANCELLED:  # one that was about to be done may also be done
            return job_id in self.may_be_cancelled and job.results is None
        if job.state is not State.DONE:
            return False
        try:
            return all(results.size(key) > 0 for key in (job.results or {}).values())
        except StoreError:
            return False

    def doubled(self) -> int:
        """Jobs that nobody was told of, and jobs that changed after they had ended."""
        now = {job.id: job for job in self.service.jobs()}
        changed = [job for job in self.first_ends.values() if job.id in now and _told(now[job.id]) != _told(job)]
        return len(now.keys() - self.accepted) + len(changed)


def _plight(job: Job | None) -> str:
    if job is None:
        return "gone"
    return job.problem.code if job.problem else str(job.state)


def _told(job: Job) -> tuple[object, ...]:
    return (job.state, job.attempt, job.ended_at, job.results)
