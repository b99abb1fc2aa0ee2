"""``python -m service.worker.health``: ends well when a worker of this host gave a sign of life lately.

The sign is in the job table, so this also fails when the worker cannot reach the table.
"""

import sys
from datetime import timedelta

from pedcontour.errors import RequestError, StoreError
from pedcontour.settings import Settings
from service.jobstore import SILENT_HEARTBEATS, JobStore
from service.jobtable import open_job_table
from service.worker.start import this_host


def is_alive(jobs: JobStore, settings: Settings) -> bool:
    """Whether a worker of this host was heard of within ``SILENT_HEARTBEATS`` heartbeats."""
    seen = jobs.last_worker_seen(this_host())
    return seen is not None and jobs.now() - seen <= timedelta(seconds=SILENT_HEARTBEATS * settings.heartbeat_s)


def main() -> int:
    """0 when alive, 1 when not."""
    try:
        settings = Settings.read()
        return 0 if is_alive(open_job_table(settings.job_table_url), settings) else 1
    except (RequestError, StoreError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
