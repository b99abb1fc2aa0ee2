"""The public keys of the issuer of bearer tokens (RFC 7517), fetched when needed and never more than once a minute."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import httpx

from pedcontour.errors import IssuerUnreachableError

log = logging.getLogger(__name__)

FETCH_EVERY_S = 60.0
"""At most so often is the issuer asked, whatever key ids arrive and however it answers."""

FRESH_S = 600.0
"""Keys older than this are fetched again, so that a withdrawn one is gone within ten minutes."""

STALE_S = 86400.0
"""While the issuer is away its last keys are trusted for a day: an outage is likelier than a theft of its keys."""

TIMEOUT_S = 5.0
LARGEST_BYTES = 1024 * 1024
"""A key set has some kilobytes."""

DISCOVERY = "/.well-known/openid-configuration"
"""Where an issuer says where its keys are (OpenID Connect Discovery 1.0, 4)."""

Jwk = Mapping[str, Any]


class IssuerKeys:
    """The issuer's keys by their id. ``url`` None asks the issuer where they are. For several threads."""

    def __init__(self, issuer: str, url: str | None = None, elapsed: Callable[[], float] = monotonic) -> None:
        self._issuer = issuer
        self._url = url
        self._elapsed = elapsed
        self._keys: Mapping[str, Jwk] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching = threading.Lock()

    def find(self, key_id: str) -> Jwk | None:
        """A key by its id; None where the issuer has no such key. Raises ``IssuerUnreachableError``."""
        age = self._elapsed() - self._fetched_at
        if age >= FRESH_S or key_id not in self._keys:
            self._refresh()
        if self._elapsed() - self._fetched_at >= STALE_S:
            raise IssuerUnreachableError
        return self._keys.get(key_id)

    def _refresh(self) -> None:
        # Who has keys to go on with does not wait for another's fetch.
        if not self._fetching.acquire(blocking=not self._keys, timeout=-1 if self._keys else 2 * TIMEOUT_S):
            return
        try:
            now = self._elapsed()
            if now - self._tried_at < FETCH_EVERY_S:
                return
            self._tried_at = now
            self._keys = self._fetch()
            self._fetched_at = now
        except (httpx.HTTPError, ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning("the issuer's keys were not fetched: %s", type(error).__name__)
        finally:
            self._fetching.release()

    def _fetch(self) -> dict[str, Jwk]:
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as http:
            url = self._url or _document(http, self._issuer.rstrip("/") + DISCOVERY)["jwks_uri"]
            if not is_safe_url(url):
                raise ValueError("keys over an open line")
            keys = _document(http, url)["keys"]
        return {key["kid"]: key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"}


def is_safe_url(url: str) -> bool:
    """Whether what comes from there is what its owner sent: TLS, or this machine."""
    address = httpx.URL(url)
    return address.scheme == "https" or (address.scheme == "http" and address.host in ("127.0.0.1", "::1", "localhost"))


def _document(http: httpx.Client, url: str) -> Any:
    with http.stream("GET", url) as answer:
        answer.raise_for_status()
        if answer.status_code != 200:
            raise ValueError("no document")
        body = b""
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > LARGEST_BYTES:
                raise ValueError("too large")
    return json.loads(body)
