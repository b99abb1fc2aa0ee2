"""Starting a worker process: the parts of it that do not depend on what contours."""

import os
import socket
from collections.abc import Sequence

from pedcontour.errors import RequestError
from pedcontour.settings import Settings
from pedcontour.storage import open_result_store
from service.figuretable import open_figure_table
from service.jobs import Priority, Retries
from service.jobtable import open_job_table
from service.queue import QUEUES, make_celery
from service.worker.measuring import MeasuredContourer
from service.worker.run import WorkerParts
from service.worker.scratch import scratch_folder
from service.worker.supervised import supervised
from service.worker.tasks import Patience, register_task


def this_host() -> str:
    """The first part of the names of this machine's workers."""
    return socket.gethostname()[:64]


def run_worker(settings: Settings, inference: Sequence[str]) -> None:
    """Work on jobs until SIGTERM: jobs under way are finished first, or given back where that takes too long.

    ``inference`` starts the child that contours. Raises ``RequestError`` without a broker's URL or when the child
    refuses a setting, ``EngineUnusableError`` when it cannot load what runs the network, ``StoreError`` when the data
    folder takes no scratch folder or the result store cannot be opened.
    """
    broker_url = settings.broker_url
    if broker_url is None:
        raise RequestError("PEDCONTOUR_REDIS_URL is not set")
    retries = Retries(settings.lease_s, settings.max_attempts, settings.resend_after_s)
    jobs = open_job_table(settings.job_table_url, retries)
    app = make_celery(broker_url, settings.visibility_timeout_s)
    with scratch_folder(settings.scratch_dir), supervised(settings, inference) as contour:
        parts = WorkerParts(
            jobs=jobs,
            results=open_result_store(settings),
            uploads=settings.uploads_dir,
            contour=MeasuredContourer(contour, open_figure_table(settings.job_table_url)),
            name=f"{this_host()}:{os.getpid()}",
            heartbeat_s=settings.heartbeat_s,
            priorities=tuple(map(Priority, settings.queues)),
            lanes=settings.lanes,
        )
        register_task(app, parts, Patience.of(settings))
        # Gossip and mingle are talk between workers, which have nothing to tell each other here.
        quietly = ["--quiet", "worker", "--loglevel", settings.log_level, "--without-gossip", "--without-mingle"]
        width = ["--concurrency", str(parts.lanes)]
        app.worker_main([*quietly, *width, "--queues", ",".join(QUEUES[priority] for priority in parts.priorities)])
