"""Results in a bucket of S3, or of a store that speaks its protocol.

An object is written by one conditional request (``If-None-Match: *``), so that the store itself decides which of many
writers is first, and nobody ever sees half of one. A multipart upload would lose that promise: obstore completes it
without the condition. So a result is in memory once while it is put; it has some tens of megabytes, and a store takes
five gigabytes at once.
"""

import io
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from pedcontour.errors import ObjectExistsError, ObjectNotFoundError, StoreError
from pedcontour.storage.port import checked_key

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

log = logging.getLogger(__name__)

READ_BYTES = 4 * 1024 * 1024
"""So much of an open result is in memory: a store answers in tens of milliseconds, whatever it is asked for."""

_PROBES = ".probes"
"""Folder of what ``check`` writes: no key can name it."""

PATIENT: "RetryConfig" = {"max_retries": 10, "retry_timeout": timedelta(seconds=30)}
_IMPATIENT: "RetryConfig" = {"max_retries": 0, "retry_timeout": timedelta(seconds=3)}

CONNECT_S = 3.0
REQUEST_S = 60.0
"""Enough for the largest result over a slow line, far below the time a job may take."""
_PROBE_S = 3.0
"""Whoever asks whether the service is ready waits about five seconds."""


@dataclass(frozen=True)
class Bucket:
    """Where a bucket is. What is not given, the environment tells as Amazon's tools name it (``AWS_...``)."""

    url: str
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)


class ObjectResultStore:
    """A ``ResultStore`` in an object store that honours conditional writes; ``check`` finds out whether it does.

    ``probed`` is the same place, asked with less patience.

    A write that failed late may have left its object: then the answer to the retry is ``ObjectExistsError``. Nothing is
    lost, because each attempt at a job has keys of its own.
    """

    def __init__(self, store: "ObjectStore", probed: "ObjectStore | None" = None) -> None:
        self._store = store
        self._probed = probed or store

    def put(self, key: str, source: Path) -> None:
        """See ``ResultStore.put``."""
        checked_key(key)
        try:
            content = source.read_bytes()
        except OSError as error:
            raise StoreError(f"the file to store cannot be read: {type(error).__name__}") from None
        with as_store_error():
            try:
                obstore.put(self._store, key, content, mode="create")
            except AlreadyExistsError:
                raise ObjectExistsError(key) from None

    def open(self, key: str) -> BinaryIO:
        """See ``ResultStore.open``."""
        return io.BufferedReader(_Ranges(self._store, key, self.size(key)), READ_BYTES)

    def size(self, key: str) -> int:
        """See ``ResultStore.size``."""
        checked_key(key)
        with as_store_error(key):
            return obstore.head(self._store, key)["size"]

    def list(self, prefix: str) -> list[str]:
        """See ``ResultStore.list``."""
        checked_key(prefix)
        with as_store_error():
            return sorted(found["path"] for found in obstore.list(self._store, prefix).collect())

    def delete(self, prefix: str) -> None:
        """See ``ResultStore.delete``."""
        if keys := self.list(prefix):
            with as_store_error():
                obstore.delete(self._store, keys)

    def check(self) -> None:
        """See ``ResultStore.check``: writes a few bytes, must be refused to write them again, and removes them."""
        probe = f"{_PROBES}/{uuid.uuid4().hex}"
        with as_store_error():
            obstore.put(self._probed, probe, b"ready", mode="create")
            try:
                obstore.put(self._probed, probe, b"ready", mode="create")
            except AlreadyExistsError:
                return
            finally:
                obstore.delete(self._probed, probe)
        raise _failure("ignores If-None-Match")


def open_bucket(bucket: Bucket) -> ObjectResultStore:
    """The store of a URL such as ``s3://bucket/prefix``; it is asked for nothing yet.

    Raises ``StoreError`` when the library refuses the URL or the environment.
    """
    with as_store_error():
        return ObjectResultStore(
            _store(bucket, REQUEST_S, PATIENT),
            _store(bucket, _PROBE_S, _IMPATIENT),
        )


def _store(bucket: Bucket, request_s: float, retries: "RetryConfig") -> "ObjectStore":
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=CONNECT_S),
        "timeout": timedelta(seconds=request_s),
        "allow_http": (bucket.endpoint or "").startswith("http://"),
    }
    config: S3Config = {}
    if bucket.endpoint is not None:
        config["endpoint"] = bucket.endpoint
    if bucket.region is not None:
        config["region"] = bucket.region
    if bucket.access_key_id is not None and bucket.secret_access_key is not None:
        config["access_key_id"] = bucket.access_key_id
        config["secret_access_key"] = bucket.secret_access_key
    return S3Store.from_url(bucket.url, config=config, client_options=client, retry_config=retries)


class _Ranges(io.RawIOBase):
    """An object, read by a request for each range: a slow reader holds no connection to the store."""

    def __init__(self, store: "ObjectStore", key: str, size: int) -> None:
        self._store, self._key, self._size = store, key, size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override] # io gives nothing else
        content = self._next(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        return self._next(self._size)

    def _next(self, most: int) -> bytes:
        length = min(most, self._size - self._position)
        if length <= 0:
            return b""
        with as_store_error(self._key):
            content = obstore.get_range(self._store, self._key, start=self._position, length=length).to_bytes()
        self._position += len(content)
        return content


@contextmanager
def as_store_error(key: str = "") -> Iterator[None]:
    """The library's errors as the store's own; its messages hold URLs and answers, so only the class is told.

    With the ``key`` of what must be there, its absence is told as such; without one it is the bucket that is missing.
    """
    try:
        yield
    except FileNotFoundError as error:
        if key:
            raise ObjectNotFoundError(key) from None
        raise _failure(type(error).__name__) from None
    except (BaseError, ValueError, OSError) as error:
        raise _failure(type(error).__name__) from None


def _failure(why: str) -> StoreError:
    """Told in the log, too: of a refusal the service tells the code, and an operator must know more than that."""
    log.warning("object store: %s", why)
    return StoreError(why)
