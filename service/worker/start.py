"""Starting a worker process: the parts of it that do not depend on what contours."""

import os
import socket
from collections.abc import Callable

from pedcontour.errors import BrokerError
from pedcontour.settings import Settings
from pedcontour.storage import LocalResultStore
from service.jobs import Priority, Retries
from service.jobtable import open_job_table
from service.logs import configure_logs
from service.queue import QUEUES, make_celery
from service.worker.run import Contourer, WorkerParts
from service.worker.scratch import scratch_folder
from service.worker.tasks import Patience, register_task


def this_host() -> str:
    """The first part of the names of this machine's workers."""
    return socket.gethostname()[:64]


def run_worker(settings: Settings, contour: Contourer, warm_up: Callable[[], None] = lambda: None) -> None:
    """Work on jobs until SIGTERM: the job under way is finished first, or given back where that takes too long.

    Raises ``BrokerError`` without a broker's URL, ``StoreError`` when the data folder takes no scratch folder.
    """
    if settings.redis_url is None:
        raise BrokerError("PEDCONTOUR_REDIS_URL is not set")
    configure_logs(settings.log_level)
    retries = Retries(settings.lease_s, settings.max_attempts, settings.resend_after_s)
    parts = WorkerParts(
        jobs=open_job_table(settings.job_table_url, retries),
        results=LocalResultStore(settings.results_dir),
        uploads=settings.uploads_dir,
        contour=contour,
        name=f"{this_host()}:{os.getpid()}",
        heartbeat_s=settings.heartbeat_s,
        priorities=tuple(map(Priority, settings.queues)),
    )
    app = make_celery(settings.redis_url.get_secret_value(), settings.visibility_timeout_s)
    register_task(app, parts, Patience.of(settings), warm_up)
    with scratch_folder(settings.scratch_dir):
        # Gossip and mingle are talk between workers, which have nothing to tell each other here.
        quietly = ["--quiet", "worker", "--loglevel", settings.log_level, "--without-gossip", "--without-mingle"]
        app.worker_main([*quietly, "--queues", ",".join(QUEUES[priority] for priority in parts.priorities)])
