"""Sends again what was not heard: jobs whose message was lost, and jobs whose worker died."""

import logging
import threading

from pedcontour.errors import StoreError
from service.jobstore import JobStore
from service.queue import JobQueue

log = logging.getLogger(__name__)


def reconcile(jobs: JobStore, queue: JobQueue) -> int:
    """Send the message of every overdue job again; returns how many. Several may run at once: each job goes to one.

    Raises ``StoreError`` when the table or the broker does not answer; the jobs not sent are overdue again later.
    """
    queue.check()  # first: what is taken while the broker is away would wait longer and longer for nothing
    overdue = jobs.take_overdue()
    for job_id in overdue:
        queue.send(job_id)
    if overdue:
        log.info("jobs sent again: %d", len(overdue))
    return len(overdue)


class Reconciler:
    """Runs ``reconcile`` every ``every_s`` seconds in a thread of its own, between ``start`` and ``stop``."""

    def __init__(self, jobs: JobStore, queue: JobQueue, every_s: float) -> None:
        self._jobs = jobs
        self._queue = queue
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def start(self) -> None:
        """Begin, with a first look at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for a look that is under way."""
        self._stopped.set()
        self._thread.join(timeout=self._every_s + 5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                reconcile(self._jobs, self._queue)
            except StoreError as error:
                log.warning("reconciler: %s", error.code)
            self._stopped.wait(self._every_s)
