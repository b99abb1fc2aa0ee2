"""From settings to a running gateway."""

from datetime import timedelta

from pedcontour.errors import RequestError
from pedcontour.outputs import TemplateFolder
from pedcontour.settings import Settings
from pedcontour.storage import open_result_store
from service.audit import FileTrail
from service.figuretable import open_figure_table
from service.gateway.admission import Admission, AdmissionLimits
from service.gateway.doorkeeper import THIS_MACHINE
from service.gateway.issuer_keys import IssuerKeys
from service.gateway.keys import KeyRing, check_binding
from service.gateway.models import InstalledModels
from service.gateway.pace import Pace
from service.gateway.parts import GatewayParts, Tokens
from service.gateway.remembered_keys import RememberedKeys
from service.gateway.tokens import IssuedTokens, TokenRules
from service.janitor import Retention
from service.jobs import Retries
from service.jobstore import SILENT_HEARTBEATS
from service.jobtable import open_job_table
from service.keytable import open_key_table
from service.queue import CeleryJobQueue, make_celery
from service.uploads import ABANDONED_S, UploadLimits, sweep_uploads


def parts_from(settings: Settings) -> GatewayParts:
    """The gateway's parts; uploads that broke off long ago are removed on the way.

    Raises ``ForbiddenBindingError``, ``RequestError`` without a broker's URL, ``JobTableError``, ``StoreError``.
    """
    keys = key_ring(settings)
    check_binding(settings.host, lambda: _is_guarded(settings, keys))
    broker_url = settings.broker_url
    if broker_url is None:
        raise RequestError("PEDCONTOUR_REDIS_URL is not set")
    retries = Retries(settings.lease_s, settings.max_attempts, settings.resend_after_s)
    sweep_uploads(settings.uploads_dir, ABANDONED_S)
    celery = make_celery(broker_url, settings.visibility_timeout_s)
    jobs = open_job_table(settings.job_table_url, retries)
    return GatewayParts(
        jobs=jobs,
        queue=CeleryJobQueue(celery),
        results=open_result_store(settings),
        models=InstalledModels(settings.models_dir, settings.default_model),
        uploads=settings.uploads_dir,
        limits=UploadLimits(settings.max_upload_bytes, settings.max_upload_files),
        keys=keys,
        worker_silent_s=SILENT_HEARTBEATS * settings.heartbeat_s,
        reconcile_every_s=settings.reconcile_every_s,
        resend_after_s=settings.resend_after_s,
        templates=TemplateFolder(settings.templates_dir),
        tokens=tokens_from(settings),
        metrics_open=settings.metrics_open,
        figures=open_figure_table(settings.job_table_url),
        audit=FileTrail(settings.audit_folder, settings.audit_file_bytes),
        audit_addresses=settings.audit_addresses,
        allowed_hosts=settings.allowed_hosts or (() if _is_guarded(settings, keys) else (*THIS_MACHINE, settings.host)),
        hsts_s=settings.hsts_s,
        pace=Pace(settings.upload_idle_s, settings.upload_min_bytes_per_s),
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
        max_open_of_tenant=settings.max_open_uploads_per_key,
        max_streams_of_tenant=settings.max_event_streams_per_key,
        min_free_bytes=settings.min_free_bytes,
        min_free_share=settings.min_free_share,
    )


def check_guard(settings: Settings) -> None:
    """Refuse to start a service that strangers could use. Raises ``ForbiddenBindingError``, ``JobTableError``."""
    check_binding(settings.host, lambda: _is_guarded(settings, key_ring(settings)))


def _is_guarded(settings: Settings, keys: KeyRing) -> bool:
    return settings.oidc_issuer is not None or keys.has_any()


def key_ring(settings: Settings) -> KeyRing:
    """The keys of the settings and of the key table. Raises ``JobTableError``."""
    stored = RememberedKeys(open_key_table(settings.job_table_url))
    return KeyRing((key.get_secret_value() for key in settings.api_keys), stored)


def tokens_from(settings: Settings) -> Tokens | None:
    """The issuer of bearer tokens, where the settings name one."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    rules = TokenRules(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        algorithms=settings.oidc_algorithms,
        tenant_claim=settings.oidc_tenant_claim,
        scopes_claim=settings.oidc_scopes_claim,
        leeway_s=settings.oidc_leeway_s,
    )
    return IssuedTokens(rules, IssuerKeys(settings.oidc_issuer, settings.oidc_jwks_url))
