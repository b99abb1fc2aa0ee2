"""The store between the hospitals: a small promise, the adapters that keep it, and stores around a store."""

from pedcontour.federation.store.access import awaited_run_store, look_into_run_store, open_run_store, pauses_within
from pedcontour.federation.store.folder import FolderSharedStore
from pedcontour.federation.store.memory import MemorySharedStore
from pedcontour.federation.store.opening import Login, open_shared_store
from pedcontour.federation.store.port import SharedStore
from pedcontour.federation.store.probe import probe, store_now
from pedcontour.federation.store.wrappers import Limited, Prefixed, Retried

__all__ = [
    "FolderSharedStore",
    "Limited",
    "Login",
    "MemorySharedStore",
    "Prefixed",
    "Retried",
    "SharedStore",
    "awaited_run_store",
    "look_into_run_store",
    "open_run_store",
    "open_shared_store",
    "pauses_within",
    "probe",
    "store_now",
]
