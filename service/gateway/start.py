"""From settings to a running gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pedcontour.bundle import ModelBundle, find_model, installed_models
from pedcontour.errors import BrokerError
from pedcontour.settings import Settings
from pedcontour.storage import LocalResultStore
from service.gateway.admission import Admission, AdmissionLimits
from service.gateway.keys import KeyRing, check_binding
from service.gateway.parts import GatewayParts
from service.janitor import Retention
from service.jobs import Retries
from service.jobstore import SILENT_HEARTBEATS
from service.jobtable import open_job_table
from service.queue import CeleryJobQueue, make_celery
from service.uploads import ABANDONED_S, UploadLimits, sweep_uploads


@dataclass(frozen=True)
class InstalledModels:
    """``Models`` in a folder."""

    root: Path
    default: str | None = None

    def installed(self) -> Sequence[ModelBundle]:
        """See ``Models.installed``."""
        return installed_models(self.root)

    def find(self, model_id: str | None) -> ModelBundle:
        """See ``Models.find``."""
        return find_model(self.root, model_id or self.default)


def parts_from(settings: Settings) -> GatewayParts:
    """The gateway's parts; uploads that broke off long ago are removed on the way.

    Raises ``ForbiddenBindingError``, ``BrokerError`` without a URL, ``JobTableError``, ``StoreError``.
    """
    keys = KeyRing(key.get_secret_value() for key in settings.api_keys)
    check_binding(settings.host, keys)
    if settings.redis_url is None:
        raise BrokerError("PEDCONTOUR_REDIS_URL is not set")
    retries = Retries(settings.lease_s, settings.max_attempts, settings.resend_after_s)
    sweep_uploads(settings.uploads_dir, ABANDONED_S)
    celery = make_celery(settings.redis_url.get_secret_value(), settings.visibility_timeout_s)
    jobs = open_job_table(settings.job_table_url, retries)
    return GatewayParts(
        jobs=jobs,
        queue=CeleryJobQueue(celery),
        results=LocalResultStore(settings.results_dir),
        models=InstalledModels(settings.models_dir, settings.default_model),
        uploads=settings.uploads_dir,
        limits=UploadLimits(settings.max_upload_bytes, settings.max_upload_files),
        keys=keys,
        worker_silent_s=SILENT_HEARTBEATS * settings.heartbeat_s,
        reconcile_every_s=settings.reconcile_every_s,
        resend_after_s=settings.resend_after_s,
        clock=jobs.now,
        admission=Admission(_admission_limits(settings)),
        retention=Retention(timedelta(hours=settings.keep_inputs_h), timedelta(days=settings.keep_results_days)),
        stall_s=settings.stall_s,
    )


def _admission_limits(settings: Settings) -> AdmissionLimits:
    return AdmissionLimits(
        max_waiting=settings.max_waiting_jobs,
        max_waiting_of_tenant=settings.max_waiting_jobs_per_key,
        posts_per_minute=settings.max_posts_per_minute,
        min_free_bytes=settings.min_free_bytes,
        min_free_share=settings.min_free_share,
    )
