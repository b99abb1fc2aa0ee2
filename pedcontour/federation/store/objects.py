"""A shared store in a bucket: S3 and what speaks its protocol, Azure Blob Storage, Google Cloud Storage.

An object is created by one conditional request, which these stores decide in one step. Credentials are read from the
environment, or from the files it names, as each provider's own tools do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import from_url

from pedcontour.errors import ObjectExistsError
from pedcontour.storage.objects import CONNECT_S, PATIENT, REQUEST_S, as_store_error
from pedcontour.storage.port import checked_key

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("s3", "az", "gs")

SMALL_BYTES = 256 * 1024
"""Up to this an object needs no time of its own."""
STEP_BYTES = 8 * 1024 * 1024
"""A client has one limit, so there is one for each step of sizes: objects of a run have few."""


@dataclass(frozen=True)
class Pace:
    """How slow a line may be: a request may take ``answer_s``, and the time that its bytes need at ``bytes_per_s``.

    The library has one limit for a request as a whole, its body included, and an object is created in one request: a
    fixed limit would shut out every site whose line is too slow for the largest object.
    """

    answer_s: float = REQUEST_S
    bytes_per_s: float = 100_000
    """0.8 Mbit/s: 123 MB may take 21 minutes."""

    def limit(self, size: int) -> timedelta:
        """The time that a request with an object of so many bytes may take."""
        return timedelta(seconds=self.answer_s + size / self.bytes_per_s)


StoreFor = Callable[[int], "ObjectStore"]
"""The store for requests that carry so many bytes."""


class BucketSharedStore:
    """A ``SharedStore`` around stores of obstore, which are one place asked with more or less patience."""

    def __init__(self, store_for: StoreFor) -> None:
        self._store_for = store_for
        self._store = store_for(0)

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        checked_key(key)
        with as_store_error():
            try:
                # in one piece: obstore completes a multipart upload without the condition
                obstore.put(self._store_for(len(content)), key, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                raise ObjectExistsError(key) from None

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        checked_key(key)
        with as_store_error(key):
            answer = obstore.get(self._store, key)
            size = answer.meta["size"]
            if self._store_for(size) is not self._store:  # its time would not do: ask again, with more
                answer = obstore.get(self._store_for(size), key)
            return bytes(answer.bytes())

    def list(self, prefix: str) -> list[str]:
        """See ``SharedStore.list``."""
        checked_key(prefix)
        with as_store_error():
            return sorted(found["path"] for found in obstore.list(self._store, prefix).collect())

    def delete(self, key: str) -> None:
        """See ``SharedStore.delete``."""
        checked_key(key)
        with as_store_error():
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                return

    def written_at(self, key: str) -> datetime:
        """See ``SharedStore.written_at``."""
        checked_key(key)
        with as_store_error(key):
            return obstore.head(self._store, key)["last_modified"]


def open_bucket(url: str, *, allow_http: bool = False, pace: Pace = Pace(), **credentials: Any) -> BucketSharedStore:
    """The store of a URL such as ``s3://bucket/prefix``; nothing is asked yet.

    ``credentials`` take the place of the environment's. Raises ``StoreError`` when the library refuses them or the URL.
    """

    def opened(limit: timedelta) -> "ObjectStore":
        client: dict[str, Any] = {"connect_timeout": timedelta(seconds=CONNECT_S), "timeout": limit}
        if allow_http:  # else the environment tells
            client["allow_http"] = True
        made: ObjectStore = from_url(url, config=credentials, client_options=client, retry_config=PATIENT)  # type: ignore[call-overload]
        return made

    @cache
    def of_steps(steps: int) -> "ObjectStore":
        return opened(pace.limit(steps * STEP_BYTES))

    with as_store_error():
        return BucketSharedStore(lambda size: of_steps(-(-size // STEP_BYTES) if size > SMALL_BYTES else 0))
