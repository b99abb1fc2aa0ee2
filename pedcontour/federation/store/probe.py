"""Finding out, before anything depends on it, whether a store creates objects once only."""

import uuid
from contextlib import suppress
from datetime import datetime

from pedcontour.errors import ObjectExistsError, StoreError, StoreOverwritesError
from pedcontour.federation.store.port import SharedStore

PROBES = "probes"


def probe(store: SharedStore) -> None:
    """Write an object, be refused to write it again, read it, remove it.

    Raises ``StoreOverwritesError`` for a store that takes the second write, ``StoreError`` for one that does not keep
    what it was given.
    """
    key = f"{PROBES}/{uuid.uuid4().hex}"
    store.put(key, b"first")
    try:
        try:
            store.put(key, b"second")
        except ObjectExistsError:
            if store.get(key) != b"first":
                raise StoreOverwritesError from None
            return
        raise StoreOverwritesError
    finally:
        with suppress(StoreError):
            store.delete(key)


def store_now(store: SharedStore) -> datetime:
    """What time it is by the store's clock. Raises ``StoreError``."""
    key = f"{PROBES}/{uuid.uuid4().hex}"
    store.put(key, b"now")
    try:
        return store.written_at(key)
    finally:
        with suppress(StoreError):
            store.delete(key)
