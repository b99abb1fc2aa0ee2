"""Where results are kept: a small promise, and the adapters that keep it."""

from pedcontour.storage.local import LocalResultStore
from pedcontour.storage.memory import MemoryResultStore
from pedcontour.storage.opening import open_result_store
from pedcontour.storage.port import ResultStore, checked_key

__all__ = ["LocalResultStore", "MemoryResultStore", "ResultStore", "checked_key", "open_result_store"]
