"""A shared store in a bucket: S3 and what speaks its protocol, Azure Blob Storage, Google Cloud Storage.

An object is created by one conditional request, which these stores decide in one step. Credentials are read from the
environment, or from the files it names, as each provider's own tools do.
"""

from datetime import datetime, timedelta
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


class BucketSharedStore:
    """A ``SharedStore`` around a store of obstore."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        checked_key(key)
        with as_store_error():
            try:
                # in one piece: obstore completes a multipart upload without the condition
                obstore.put(self._store, key, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                raise ObjectExistsError(key) from None

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        checked_key(key)
        with as_store_error(key):
            return bytes(obstore.get(self._store, key).bytes())

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


def open_bucket(url: str, *, allow_http: bool = False, **credentials: Any) -> BucketSharedStore:
    """The store of a URL such as ``s3://bucket/prefix``; nothing is asked yet.

    ``credentials`` take the place of the environment's. Raises ``StoreError`` when the library refuses them or the URL.
    """
    client: dict[str, Any] = {
        "connect_timeout": timedelta(seconds=CONNECT_S),
        "timeout": timedelta(seconds=REQUEST_S),
    }
    if allow_http:  # else the environment tells
        client["allow_http"] = True
    with as_store_error():
        made: Any = from_url(url, config=credentials, client_options=client, retry_config=PATIENT)  # type: ignore[call-overload]
        return BucketSharedStore(made)
