"""What the composition root gives to the gateway."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pedcontour.bundle import ModelBundle
from pedcontour.outputs import TemplateFolder
from pedcontour.storage import ResultStore
from service.audit import AuditTrail, MemoryTrail
from service.figures import FigureStore, MemoryFigures
from service.gateway.admission import Admission
from service.gateway.keys import KeyRing
from service.gateway.pace import DEFAULT_PACE, Pace
from service.gateway.principals import Principal
from service.gateway.readiness import REMEMBERED_S
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
        """A model by its id; None is the default one. Raises ``ModelNotFoundError``, ``ModelError``."""
        ...

    def check(self) -> None:
        """Whether a job can name a model. Raises ``ModelNotFoundError``, ``ModelError`` where it is damaged."""
        ...


class Tokens(Protocol):
    """The issuer whose bearer tokens are taken."""

    def principal(self, token: str) -> Principal:
        """Whose token this is. Raises ``TokenInvalidError``, ``IssuerUnreachableError``."""
        ...


@dataclass(frozen=True)
class GatewayParts:
    """Everything the gateway works with.

    ``worker_silent_s`` is how long no worker may have been heard of before the service counts as not ready, ``stall_s``
    how long jobs may wait while nobody begins or runs one, ``resend_after_s`` how long a job's first message may go
    unheard, ``ready_remembered_s`` how long an answer about readiness holds. ``reconcile_every_s`` None leaves the
    re-sending of messages to somebody else, ``retention`` None the erasing in time. ``closing`` is set when it was
    asked to stop. ``templates`` are the site's own ROI names. ``tokens`` None takes keys only; ``metrics_open``
    gives the figures to anybody. ``pace`` is the least that an upload must do. ``audit`` keeps the records of who did
    what, with the callers' addresses where ``audit_addresses`` says so. ``allowed_hosts`` empty answers under every
    name; ``hsts_s`` 0 leaves TLS to be forgotten by browsers.
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
    templates: TemplateFolder = field(default_factory=TemplateFolder)
    tokens: Tokens | None = None
    metrics_open: bool = False
    figures: FigureStore = field(default_factory=MemoryFigures)
    audit: AuditTrail = field(default_factory=MemoryTrail)
    audit_addresses: bool = True
    allowed_hosts: tuple[str, ...] = ()
    hsts_s: int = 0
    pace: Pace = DEFAULT_PACE
    admission: Admission = field(default_factory=Admission)
    retention: Retention | None = None
    stall_s: float = 180.0
    ready_remembered_s: float = REMEMBERED_S
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def files(self) -> Files:
        """Where the files of jobs lie."""
        return Files(self.uploads, self.results)
