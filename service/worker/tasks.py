"""The one Celery task, and the signs of life of the process that runs it."""

import logging
import threading
from typing import Any

from celery import Celery, signals

from pedcontour.errors import StoreError
from service.jobstore import JobStore
from service.logs import log_fields
from service.queue import TASK
from service.worker.run import WorkerParts, run_job

log = logging.getLogger(__name__)


def register_task(app: Celery, parts: WorkerParts) -> None:
    """Give a Celery application the task ``contour(job_id)``, and signs of life while its worker runs."""

    @app.task(name=TASK)
    def contour(job_id: str) -> None:
        with log_fields(job=job_id):
            run_job(job_id, parts)

    @signals.worker_ready.connect(weak=False)
    def started(**_: Any) -> None:
        threading.Thread(target=_show_life, args=(parts,), name="life", daemon=True).start()


def _show_life(parts: WorkerParts) -> None:
    wait = threading.Event()
    while True:
        _seen(parts.jobs, parts.name)
        wait.wait(parts.heartbeat_s)


def _seen(jobs: JobStore, name: str) -> None:
    try:
        jobs.worker_seen(name)
    except StoreError as error:
        log.warning("sign of life: %s", error.code)
