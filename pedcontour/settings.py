"""Every setting of the programs, and the only place that reads the environment.

A setting is an environment variable with the prefix ``PEDCONTOUR_`` (``PEDCONTOUR_PORT=9000``), or a file of that name
in small letters in ``/run/secrets``, as container engines mount secrets. ``docs/settings.md`` lists them all; a test
compares it with this file.
"""

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pedcontour.errors import RequestError

PREFIX = "PEDCONTOUR_"
"""What every variable's name begins with."""


SECRETS_DIR = Path("/run/secrets")
"""Where Docker and Kubernetes mount secrets as files: a password in a variable is seen by whoever may inspect one."""

S3_PREFIX = "AWS_"
"""What the variables begin with that hold, or lead to, the credentials of a bucket."""

AsymmetricAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures that one key makes and another checks (RFC 7518 3.1): a gateway never holds what could sign a token."""


def _models_beside_the_code() -> Path:
    """``models/`` of a checkout, whatever the current folder is; else ``./models``."""
    checkout = Path(__file__).resolve().parents[1] / "models"
    return checkout if checkout.is_dir() else Path("models")


class Settings(BaseSettings):
    """All settings, read once by the composition root of a process and passed on from there."""

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
        description="What runs the network: `auto` is OpenVINO on a CPU, where it is installed, and PyTorch otherwise.",
    )
    cache_dir: Path | None = Field(
        default=None,
        description="Folder of networks converted for OpenVINO; empty is `cache` in the data folder, for `pedcontour "
        "contour` the user's own cache. Losing it costs the next start some seconds.",
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

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe log level: DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["json", "text"] = Field(
        default="json", description="`json` for machines, one object a line; `text` for people."
    )

    @classmethod
    def read(cls, **given: Any) -> Self:
        """The settings of the environment, with those given in their place.

        Raises ``RequestError`` that names each setting that does not fit, and never its value: it may be a key.
        """
        try:
            return cls(**given)
        except ValidationError as refused:
            wrong = {
                f"{PREFIX}{str(error['loc'][0]).upper()}" if error["loc"] else "settings": error["msg"]
                for error in refused.errors(include_url=False, include_context=False, include_input=False)
            }
        raise RequestError("; ".join(f"{name}: {why.removeprefix('Value error, ')}" for name, why in wrong.items()))

    @field_validator("api_keys", "allowed_hosts", "trusted_proxies", "oidc_algorithms", "queues", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(key.strip() for key in value.split(",") if key.strip()) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, level: Any) -> Any:
        return level.upper() if isinstance(level, str) else level

    @field_validator("api_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < 16 for key in keys):
            raise ValueError("an API key has at least 16 characters")
        return keys

    @field_validator("oidc_issuer", "oidc_jwks_url")
    @classmethod
    def _over_tls(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])(:|/|$)", url):
            raise ValueError("an issuer is asked over https; http is for this machine only")
        return url

    @field_validator("results_url")
    @classmethod
    def _object_store(cls, url: str | None) -> str | None:
        if url is None:
            return url
        place = urlsplit(url)
        if place.scheme != "s3" or not place.netloc:
            raise ValueError("an object store is named as s3://bucket/prefix")
        if "@" in place.netloc or place.query or place.fragment:
            raise ValueError("a bucket's URL holds no credentials and no options; they have settings of their own")
        return url

    @field_validator("results_endpoint")
    @classmethod
    def _plain_address(cls, url: str | None) -> str | None:
        if url is not None and not re.fullmatch(r"https?://[^/@?#]+/?", url):
            raise ValueError("an endpoint is http:// or https://, a host and a port, and holds no credentials")
        return url

    @model_validator(mode="after")
    def _bucket_with_both_halves_of_its_key(self) -> Self:
        if (self.results_access_key_id is None) != (self.results_secret_access_key is None):
            raise ValueError("PEDCONTOUR_RESULTS_ACCESS_KEY_ID and PEDCONTOUR_RESULTS_SECRET_ACCESS_KEY go together")
        if self.results_url is None and (self.results_endpoint or self.results_access_key_id):
            raise ValueError("an endpoint and an access key of results need PEDCONTOUR_RESULTS_URL")
        return self

    @model_validator(mode="after")
    def _issuer_with_audience(self) -> Self:
        if self.oidc_issuer is not None and self.oidc_audience is None:
            raise ValueError(
                "PEDCONTOUR_OIDC_ISSUER needs PEDCONTOUR_OIDC_AUDIENCE: a token for another service is none"
            )
        return self

    @model_validator(mode="after")
    def _signs_of_life_within_the_lease(self) -> Self:
        if self.heartbeat_s >= self.lease_s:
            raise ValueError(
                "PEDCONTOUR_HEARTBEAT_S must be below PEDCONTOUR_LEASE_S: between two signs of life a worker "
                "would lose its job"
            )
        return self

    @model_validator(mode="after")
    def _sent_again_before_a_stall(self) -> Self:
        if self.stall_s <= self.resend_after_s:
            raise ValueError(
                "PEDCONTOUR_STALL_S must be above PEDCONTOUR_RESEND_AFTER_S: a worker would end for want of a "
                "message that is not yet due"
            )
        return self

    @property
    def audit_folder(self) -> Path:
        """Folder of the audit files."""
        return self.audit_dir or self.data_dir / "audit"

    @property
    def cache_folder(self) -> Path:
        """Folder of converted networks."""
        return self.cache_dir or self.data_dir / "cache"

    @property
    def user_cache_folder(self) -> Path:
        """The same for a command that keeps nothing in a data folder."""
        users = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
        return self.cache_dir or Path(users) / "pedcontour"

    @property
    def uploads_dir(self) -> Path:
        """Folder with one folder of uploaded files a job."""
        return self.data_dir / "uploads"

    @property
    def scratch_dir(self) -> Path:
        """Folder of what workers unpack and write on the way; nothing in it is needed after a restart."""
        return self.data_dir / "scratch"

    @property
    def results_dir(self) -> Path:
        """Folder of the local result store."""
        return self.data_dir / "results"

    @property
    def job_table_url(self) -> str:
        """SQLAlchemy URL of the job table."""
        if self.database_url is not None:
            return _with_password(self.database_url, self.database_password)
        return f"sqlite:///{(self.data_dir / 'jobs.sqlite').resolve()}"

    @property
    def broker_url(self) -> str | None:
        """URL of the broker, with its password."""
        return None if self.redis_url is None else _with_password(self.redis_url, self.redis_password)

    def environment(self, *, with_secrets: bool = True) -> dict[str, str]:
        """The environment for a child process that shall read these same settings.

        Without secrets, keys and URLs that may hold passwords are left out, and whatever opens a bucket: for a process
        that works on images.
        """
        left_out = (PREFIX,) if with_secrets else (PREFIX, S3_PREFIX)
        child = {name: value for name, value in os.environ.items() if not name.upper().startswith(left_out)}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is not None and (with_secrets or not _is_secret(value)):
                child[PREFIX + name.upper()] = _as_text(value)
        return child


def _with_password(url: SecretStr, password: SecretStr | None) -> str:
    """The URL with a password in it, unless it has one."""
    parts = urlsplit(url.get_secret_value())
    if password is None or parts.password is not None or not parts.hostname:
        return url.get_secret_value()
    user, _, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password.get_secret_value(), safe='')}@{place}").geturl()


def _is_secret(value: Any) -> bool:
    return isinstance(value, SecretStr) or (isinstance(value, tuple) and any(map(_is_secret, value)))


def _as_text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(map(_as_text, value))
    return str(value)


def settings_table() -> str:
    """Every setting as a Markdown table: what ``docs/settings.md`` holds."""
    rows = ["| variable | default | what it is for |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{PREFIX}{name.upper()}` | {_default_text(name, field)} | {field.description} |")
    return "\n".join(rows) + "\n"


def _default_text(name: str, field: FieldInfo) -> str:
    if name == "models_dir":
        return "`models` beside the code"
    return "" if field.default in (None, ()) else f"`{_as_text(field.default)}`"


if __name__ == "__main__":
    sys.stdout.write(settings_table())
