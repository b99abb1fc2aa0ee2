"""The job table: the truth about every job. A message in the queue only wakes a worker up.

``JobStore`` is the promise; ``tests/contract`` holds its exact wording, which both adapters pass: ``MemoryJobStore``
here and ``SqlJobStore`` in ``service.jobtable``. Every change is one atomic step, and one that comes too late changes
nothing.
"""

from service.jobstore.memory import MemoryJobStore
from service.jobstore.port import (
    QUARANTINED,
    SILENT_HEARTBEATS,
    Backlog,
    Beat,
    Clock,
    Erasure,
    JobStore,
    Listing,
    Position,
    Records,
    Standing,
    Statistics,
    Tombstone,
    Witness,
    nobody,
    utc_now,
)

__all__ = [
    "QUARANTINED",
    "SILENT_HEARTBEATS",
    "Backlog",
    "Beat",
    "Clock",
    "Erasure",
    "JobStore",
    "Listing",
    "MemoryJobStore",
    "Position",
    "Records",
    "Standing",
    "Statistics",
    "Tombstone",
    "Witness",
    "nobody",
    "utc_now",
]
