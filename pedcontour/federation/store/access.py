"""A run's store as a site uses it: with the credentials and the patience that the settings name."""

from time import monotonic, sleep

from pedcontour.federation.store.opening import Login, open_shared_store, reach_shared_store
from pedcontour.federation.store.port import SharedStore
from pedcontour.federation.store.wrappers import Limited, Prefixed, Retried, WhenAsked
from pedcontour.settings import Settings

LONGEST_PAUSE_S = 30.0
"""Pauses between tries double up to this."""


def open_run_store(address: str, charter_digest: str, settings: Settings) -> SharedStore:
    """The part of a store that belongs to the run of this charter, so that runs may share a store; it was probed.

    Raises ``RequestError`` for an address that is none, ``StoreError`` when the store does not answer now,
    ``StoreOverwritesError``.
    """
    return _of_run(open_shared_store(address, _login(settings)), charter_digest, settings)


def look_into_run_store(address: str, charter_digest: str, settings: Settings) -> SharedStore:
    """The same for who only reads: nothing was asked yet, and nothing is written to find out what the store does.

    Raises ``RequestError`` for an address that is none.
    """
    return _of_run(reach_shared_store(address, _login(settings)), charter_digest, settings)


def awaited_run_store(address: str, charter_digest: str, settings: Settings) -> SharedStore:
    """The same for who waits for it: it is opened, and probed, by the first request that it answers."""
    return WhenAsked(lambda: open_run_store(address, charter_digest, settings))


def _login(settings: Settings) -> Login:
    password = settings.federation_webdav_password
    return Login(
        settings.federation_webdav_user,
        None if password is None else password.get_secret_value(),
        settings.federation_endpoint,
    )


def _of_run(store: SharedStore, charter_digest: str, settings: Settings) -> SharedStore:
    limited = Limited(store, settings.federation_requests_per_s, monotonic, sleep)
    retried = Retried(limited, pauses_within(settings.federation_patience_s), sleep)
    return Prefixed(retried, f"run-{charter_digest[:16]}")


def pauses_within(patience_s: float) -> tuple[float, ...]:
    """Pauses in seconds, 1, 2, 4, ..., that together take no longer than this."""
    pauses: list[float] = []
    pause_s = 1.0
    while sum(pauses) + pause_s <= patience_s:
        pauses.append(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
    return tuple(pauses)
