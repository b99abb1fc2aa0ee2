"""Sends again what was not heard: jobs whose message was lost, and jobs whose worker died."""

import logging

from service.jobstore import JobStore
from service.queue import JobQueue
from service.rounds import Rounds

log = logging.getLogger(__name__)


def reconcile(jobs: JobStore, queue: JobQueue) -> int:
    """Send the message of every overdue job again; returns how many. Several may run at once: each job goes to one.

    Raises ``StoreError`` when the table or the broker does not answer; the jobs not sent are overdue again later.
    """
    queue.check()  # first: what is taken while the broker is away would wait longer and longer for nothing
    overdue = jobs.take_overdue()
    for job in overdue:
        queue.send(job.id, job.priority)
    if overdue:
        log.info("jobs sent again: %d", len(overdue))
    return len(overdue)


class Reconciler(Rounds):
    """Runs ``reconcile`` every ``every_s`` seconds."""

    def __init__(self, jobs: JobStore, queue: JobQueue, every_s: float) -> None:
        super().__init__("reconciler", lambda: reconcile(jobs, queue), every_s)
