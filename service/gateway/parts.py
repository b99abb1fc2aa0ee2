"""What the composition root gives to the gateway."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pedcontour.bundle import ModelBundle
from pedcontour.storage import ResultStore
from service.gateway.admission import Admission
from service.gateway.keys import KeyRing
from service.janitor import Files, Retention
from service.jobstore import Clock, JobStore, utc_now
from service.queue import JobQueue
from service.uploads import UploadLimits


class Models(Protocol):
    """The installed models."""

    def installed(self) -> Sequence[ModelBundle]:
        """Every model that can be used, by id."""
        ...

    def find(self, model_id: str | None) -> ModelBundle:
        """A model by its id; None is the default one. Raises ``ModelNotFoundError``."""
        ...


@dataclass(frozen=True)
class GatewayParts:
    """Everything the gateway works with.

    ``worker_silent_s`` is how long no worker may have been heard of before the service counts as not ready, ``stall_s``
    how long jobs may wait while nobody begins or runs one, ``resend_after_s`` how long a job's first message may go
    unheard. ``reconcile_every_s`` None leaves the re-sending of messages to somebody else, ``retention`` None the
    erasing in time. ``closing`` is set when the gateway was asked to stop.
    """

    jobs: JobStore
    queue: JobQueue
    results: ResultStore
    models: Models
    uploads: Path
    limits: UploadLimits
    keys: KeyRing
    worker_silent_s: float = 60.0
    reconcile_every_s: float | None = None
    resend_after_s: float = 30.0
    clock: Clock = utc_now
    admission: Admission = field(default_factory=Admission)
    retention: Retention | None = None
    stall_s: float = 180.0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def files(self) -> Files:
        """Where the files of jobs lie."""
        return Files(self.uploads, self.results)
