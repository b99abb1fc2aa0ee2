"""All settings of a process: read, checked together, and handed on."""

import os
import re
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

from pydantic import SecretStr, ValidationError, field_validator, model_validator

from pedcontour.errors import RequestError
from pedcontour.settings.fields import PREFIX, SettingFields

S3_PREFIX = "AWS_"
"""What the variables begin with that hold, or lead to, the credentials of a bucket."""


class Settings(SettingFields):
    """All settings, read once by the composition root of a process and passed on from there."""

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

    @field_validator("results_endpoint", "federation_endpoint")
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
    def _drive_with_user_and_password(self) -> Self:
        if (self.federation_webdav_user is None) != (self.federation_webdav_password is None):
            raise ValueError("PEDCONTOUR_FEDERATION_WEBDAV_USER and PEDCONTOUR_FEDERATION_WEBDAV_PASSWORD go together")
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
    def user_cache_folder(self) -> Path | None:
        """The same for a command that keeps nothing in a data folder; None for a user without a home folder."""
        if self.cache_dir is not None:
            return self.cache_dir
        try:
            users = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
        except RuntimeError:  # neither HOME nor an account of this uid says where
            return None
        return Path(users) / "pedcontour"

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
                child[PREFIX + name.upper()] = as_text(value)
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


def as_text(value: Any) -> str:
    """A setting's value as its variable holds it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(map(as_text, value))
    return str(value)
