"""The one Celery task, and the signs of life, the end and the watch of the process that runs it."""

import logging
import os
import threading
from dataclasses import dataclass
from typing import Any

from celery import Celery, signals

from pedcontour.errors import StoreError
from pedcontour.settings import Settings
from service.jobstore import JobStore
from service.queue import QUEUES, TASK
from service.worker.run import WorkerParts, run_next
from service.worker.shift import Shift

log = logging.getLogger(__name__)

DRAIN_SHARE = 0.75
"""Of the grace that a process has to stop: after it jobs under way are given back, while there is time to say so."""

EXIT_STALLED = 75
"""Exit status of a worker that took nothing while jobs waited (EX_TEMPFAIL: start it again)."""


@dataclass(frozen=True)
class Patience:
    """How long a worker finishes its job when it is to stop, and how long it may be idle while jobs wait (seconds)."""

    drain_s: float = 15.0
    stall_s: float = 180.0

    @classmethod
    def of(cls, settings: Settings) -> "Patience":
        """As the settings have it."""
        return cls(settings.stop_grace_s * DRAIN_SHARE, settings.stall_s)


def register_task(app: Celery, parts: WorkerParts, patience: Patience) -> Shift:
    """Give a Celery application the task ``contour(job_id)``, signs of life, a drain on SIGTERM, a watch on itself."""
    shift = Shift()

    @app.task(name=TASK)
    def contour(job_id: str) -> None:
        log.debug("woken by job %s", job_id)
        work(parts, shift)

    @signals.worker_ready.connect(weak=False)
    def started(**_: Any) -> None:
        shift.looked()
        threading.Thread(target=_live, args=(parts, shift, patience), name="life", daemon=True).start()
        # Started ahead: in a signal's handler no thread can be started safely.
        threading.Thread(target=_drain, args=(parts.jobs, shift, patience), name="drain", daemon=True).start()
        # Each lane looks once by itself: messages may have been lost while no worker was there.
        for _lane in range(parts.lanes):
            contour.apply_async(args=("",), queue=QUEUES[parts.priorities[0]], ignore_result=True)

    @signals.worker_shutting_down.connect(weak=False)
    def stopping(**_: Any) -> None:
        shift.end()

    return shift


def work(parts: WorkerParts, shift: Shift) -> None:
    """Work until no job is left: a message means "look", and each one that was lost would else leave a job waiting."""
    while not shift.is_ending and run_next(parts, shift):
        pass
    shift.looked()


def give_back(jobs: JobStore, shift: Shift) -> None:
    """Give the jobs under way back: other workers may begin them at once, and what this one still writes is refused."""
    for held in shift.held:
        try:
            jobs.release(held.job_id, held.owner, "")
            log.info("job %s: given back, the worker stops", held.job_id)
        except StoreError as error:  # then its lease runs out
            log.warning("job %s: not given back: %s", held.job_id, error.code)


def is_stalled(parts: WorkerParts, shift: Shift, stall_s: float) -> bool:
    """Whether this worker takes nothing although jobs of its queues wait: its tie to the broker is broken.

    It looks at what is consumed, not at whether the worker answers: a wedged one answers every ping.
    """
    if not shift.is_idle_for(stall_s):
        return False
    free_since = parts.jobs.backlog(parts.priorities).free_since
    return free_since is not None and (parts.jobs.now() - free_since).total_seconds() >= stall_s


def _live(parts: WorkerParts, shift: Shift, patience: Patience) -> None:
    wait = threading.Event()
    while True:
        try:
            parts.jobs.worker_seen(parts.name)
            if not shift.is_ending and is_stalled(parts, shift, patience.stall_s):
                log.error("jobs wait and this worker takes none: it ends, to be started again")
                os._exit(EXIT_STALLED)  # whatever is wedged may also keep it from ending in order
        except StoreError as error:
            log.warning("sign of life: %s", error.code)
        wait.wait(parts.heartbeat_s)


def _drain(jobs: JobStore, shift: Shift, patience: Patience) -> None:
    shift.wait_for_end()
    threading.Event().wait(patience.drain_s)
    give_back(jobs, shift)
    os._exit(0)
