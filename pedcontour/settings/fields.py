"""The settings by name: what each is for, and what it is where nobody says otherwise."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "PEDCONTOUR_"
"""What every variable's name begins with."""


SECRETS_DIR = Path("/run/secrets")
"""Where Docker and Kubernetes mount secrets as files: a password in a variable is seen by whoever may inspect one."""

AsymmetricAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures that one key makes and another checks (RFC 7518 3.1): a gateway never holds what could sign a token."""


def _models_beside_the_code() -> Path:
    """``models/`` of a checkout, whatever the current folder is; else ``./models``."""
    checkout = Path(__file__).resolve().parents[2] / "models"
    return checkout if checkout.is_dir() else Path("models")


class SettingFields(BaseSettings):
    """The fields alone; how they are checked together and what follows from them is in ``settings.py``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None,
    )

    # What is contoured with
    models_dir: Path = Field(
        default_factory=_models_beside_the_code, description="Folder of the installed models, one folder a model."
    )
    default_model: str | None = Field(
        default=None, description="Id of the model used when a request names none; needed when several are installed."
    )
    templates_dir: Path | None = Field(
        default=None,
        description="Folder of a site's templates of ROI names (TOML or JSON); a request names one by its file's name.",
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda(:[0-9]{1,2})?)$",
        description="Where the network runs: `auto`, `cpu`, `cuda`, or one of several GPUs, such as `cuda:1`.",
    )
    engine: Literal["auto", "openvino", "torch"] = Field(
        default="auto",
        description="What runs the network: `auto` is OpenVINO on a CPU, where it is installed and can be loaded, and "
        "PyTorch otherwise.",
    )
    cache_dir: Path | None = Field(
        default=None,
        description="Folder of networks converted for OpenVINO; empty is `cache` in the data folder, for `pedcontour "
        "contour` the user's own cache. Losing it costs the next start some seconds; what was "
        "not used for 30 days is removed.",
    )
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads of the network; empty lets it use every core."
    )

    # Where the service listens, and for whom
    host: str = Field(
        default="127.0.0.1",
        description="Address the gateway binds to. Beyond the loopback interface it starts only with an API key or an "
        "issuer of tokens.",
    )
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port the gateway binds to.")
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated keys, each at least 16 characters, with every scope; each is a tenant of its own. "
        "Keys with a name, scopes and an end come from `pedcontour keys new`.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated names under which the gateway may be asked (`Host`); empty takes every name, but "
        "on a service without keys only those of this machine.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated addresses of proxies whose `X-Forwarded-For` and `-Proto` are believed; empty is "
        "none.",
    )
    hsts_s: int = Field(
        default=0,
        ge=0,
        description="Seconds of Strict-Transport-Security; set it where a proxy speaks TLS. 0 sends none.",
    )
    metrics_open: bool = Field(
        default=False,
        description="Whether /metrics answers anybody; else, beyond this machine, it needs the scope `metrics:read`.",
    )

    # Whose bearer tokens are taken
    oidc_issuer: str | None = Field(
        default=None, description="Issuer of bearer tokens, as its tokens spell it (`iss`); empty takes API keys only."
    )
    oidc_audience: str | None = Field(
        default=None, description="What a token must be for (`aud`); needed with an issuer."
    )
    oidc_jwks_url: str | None = Field(
        default=None,
        description="Where the issuer's public keys are; empty asks the issuer (OpenID Connect Discovery).",
    )
    oidc_tenant_claim: str = Field(default="tenant", description="Claim that names the tenant.")
    oidc_scopes_claim: str = Field(default="scope", description="Claim with the scopes, a list or with spaces between.")
    oidc_algorithms: Annotated[tuple[AsymmetricAlgorithm, ...], NoDecode] = Field(
        default=("RS256", "ES256"),
        min_length=1,
        description="Comma-separated signature algorithms, asymmetric ones only.",
    )
    oidc_leeway_s: float = Field(
        default=30.0, ge=0, le=300, description="Seconds by which the clocks of issuer and gateway may differ."
    )

    # What is recorded of who did what
    audit_dir: Path | None = Field(
        default=None, description="Folder of the audit files; empty is `audit` in the data folder."
    )
    audit_file_bytes: int = Field(
        default=64 * 1024**2,
        ge=4096,
        description="Size after which, or else daily, a new audit file is begun (64 MiB).",
    )
    audit_addresses: bool = Field(default=True, description="Whether audit records hold the address of the caller.")

    # Where its state lies
    data_dir: Path = Field(
        default=Path(".pedcontour"), description="Folder of uploads, results, and the embedded job table and broker."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy URL of the job table; empty is SQLite in the data folder, which serves one host.",
    )
    database_password: SecretStr | None = Field(
        default=None, description="Password of the job table's database, where its URL holds none."
    )
    results_url: str | None = Field(
        default=None,
        description="Bucket of the results, `s3://bucket/prefix`, in any store that speaks S3; empty is a folder in "
        "the data folder.",
    )
    results_endpoint: str | None = Field(
        default=None,
        description="Address of an S3 that is not Amazon's, such as `https://minio:9000`; over `http://` results cross "
        "the network in the clear.",
    )
    results_region: str | None = Field(
        default=None, description="Region of the bucket; empty is `AWS_REGION`, or else `us-east-1`."
    )
    results_access_key_id: SecretStr | None = Field(
        default=None,
        description="Access key of the bucket; empty takes what the environment offers (`AWS_ACCESS_KEY_ID`, the role "
        "of the machine or of the pod).",
    )
    results_secret_access_key: SecretStr | None = Field(default=None, description="Secret of that access key.")
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey URL of the broker; empty makes `pedcontour serve` start its own on a Unix socket.",
    )
    redis_password: SecretStr | None = Field(
        default=None, description="Password of the broker, where its URL holds none."
    )

    # Limits of an upload
    max_upload_bytes: int = Field(
        default=4 * 1024**3,
        ge=1,
        description="Largest request body in bytes (4 GiB by default); over it: UPLOAD_TOO_LARGE.",
    )
    max_upload_files: int = Field(
        default=10_000, ge=1, description="Most files in one upload; over it: UPLOAD_TOO_LARGE."
    )

    upload_idle_s: float = Field(
        default=30.0, gt=0, description="Seconds an upload may send nothing before it is refused: UPLOAD_TOO_SLOW."
    )
    upload_min_bytes_per_s: int = Field(
        default=16 * 1024,
        ge=0,
        description="Least bytes a second of an upload, on average and after the time it may be idle; 0 is no limit.",
    )
    header_timeout_s: float = Field(
        default=15.0,
        gt=0,
        description="Seconds a connection may take to send the head of a request; then it is closed.",
    )
    intake_memory_bytes: int = Field(
        default=2 * 1024**3,
        ge=256 * 1024**2,
        description="Most address space of the process that checks one upload (2 GiB by default); over it: "
        "INTAKE_LIMIT.",
    )
    intake_timeout_s: float = Field(
        default=120.0, gt=0, description="Most seconds that the check of one upload takes; over it: INTAKE_LIMIT."
    )

    # How many jobs are taken in
    max_waiting_jobs: int = Field(
        default=2000, ge=1, description="Waiting jobs of all keys together before new ones are refused: QUEUE_FULL."
    )
    max_waiting_jobs_per_key: int = Field(
        default=500, ge=1, description="Waiting jobs of one key before its new ones are refused: TOO_MANY_WAITING."
    )
    max_posts_per_minute: int = Field(
        default=600,
        ge=1,
        description="Uploads one key may begin in a minute, at each gateway; over it: TOO_MANY_REQUESTS.",
    )
    max_open_uploads_per_key: int = Field(
        default=64,
        ge=1,
        description="Uploads of one key under way at once, at each gateway; over it: TOO_MANY_UPLOADS.",
    )
    max_event_streams_per_key: int = Field(
        default=100,
        ge=1,
        description="Event streams of one key open at once, at each gateway; over it: TOO_MANY_STREAMS.",
    )
    min_free_bytes: int = Field(
        default=1024**3,
        ge=0,
        description="Free bytes of the data folder's disk that uploads leave, also those under way (1 GiB by default): "
        "STORAGE_LOW.",
    )
    min_free_share: float = Field(
        default=0.02, ge=0, lt=1, description="The same as a share of the disk; the larger of both holds."
    )

    # How long an ended job is kept
    keep_inputs_h: float = Field(
        default=24.0, gt=0, description="Hours after the end of a job until its images are erased."
    )
    keep_results_days: float = Field(
        default=30.0, gt=0, description="Days after the end of a job until its results and its record are erased."
    )

    # How a job is kept alive
    queues: Annotated[tuple[Literal["urgent", "routine"], ...], NoDecode] = Field(
        default=("urgent", "routine"),
        min_length=1,
        description="Comma-separated queues that a worker serves: `urgent`, `routine` or both; urgent jobs come first.",
    )
    lanes: int = Field(
        default=1,
        ge=1,
        le=16,
        description="Jobs that a worker does side by side: while the network of one runs, others are read or written. "
        "Each lane holds a loaded model of its own.",
    )
    stall_s: float = Field(
        default=180.0,
        gt=0,
        description="Seconds a job may wait for an idle worker: then the worker ends, to be started again, and the "
        "service is not ready. Above PEDCONTOUR_RESEND_AFTER_S.",
    )
    lease_s: float = Field(
        default=60.0, gt=0, description="Seconds a worker owns a job without a sign of life before another may take it."
    )
    heartbeat_s: float = Field(
        default=15.0,
        gt=0,
        description="Seconds between a worker's signs of life; below PEDCONTOUR_LEASE_S, and well so.",
    )
    max_attempts: int = Field(
        default=3, ge=1, description="Attempts at one job; after the last one that did not end it is quarantined."
    )
    resend_after_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds a job may wait in the queue before its message is sent again; doubles each time.",
    )
    reconcile_every_s: float = Field(
        default=5.0, gt=0, description="Seconds between looks at the job table for jobs whose message was lost."
    )
    job_timeout_s: float = Field(
        default=3600.0, gt=0, description="Most seconds that one attempt at contouring takes; over it: JOB_TIMEOUT."
    )
    child_silence_s: float = Field(
        default=60.0,
        gt=0,
        description="Seconds the contouring process may give no sign of life before it is replaced and its job given "
        "back.",
    )
    child_start_s: float = Field(
        default=300.0, gt=0, description="Seconds the contouring process may take to load its model when it starts."
    )
    visibility_timeout_s: int = Field(
        default=6 * 3600,
        ge=1,
        description="Seconds after which the broker hands an unacknowledged message to another worker.",
    )
    stop_grace_s: float = Field(
        default=20.0,
        gt=0,
        description="Seconds a process has to stop. Gateways finish uploads in half of it; workers give their job back "
        "after three quarters; `pedcontour serve` then kills them.",
    )

    # How hospitals train together
    federation_webdav_user: str | None = Field(
        default=None, description="User of the WebDAV drive at which a federation meets."
    )
    federation_webdav_password: SecretStr | None = Field(
        default=None, description="Password of that user, or of the app that the drive made one for."
    )
    federation_endpoint: str | None = Field(
        default=None,
        description="Where the S3 of a federation answers, `https://host:port`, when it is not Amazon's; its "
        "credentials are the environment's (`AWS_ACCESS_KEY_ID`).",
    )
    federation_requests_per_s: float = Field(
        default=20.0, gt=0, description="Most requests a second that a site sends to the store of a federation."
    )
    federation_patience_s: float = Field(
        default=60.0,
        ge=0,
        description="Seconds for which a failed request to that store is tried again, after 1, 2, 4, ... seconds.",
    )
    federation_outage_h: float = Field(
        default=72.0,
        gt=0,
        description="Hours for which the store may not answer, or lack an object that a document names, before "
        "`pedcontour federation run` gives up.",
    )
    federation_poll_s: float = Field(
        default=20.0, gt=0, description="Longest pause between two looks at the store by who waits for others."
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe log level: DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["json", "text"] = Field(
        default="json", description="`json` for machines, one object a line; `text` for people."
    )
