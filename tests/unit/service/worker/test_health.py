from datetime import timedelta

from pedcontour.settings import Settings
from service.jobstore import MemoryJobStore, utc_now
from service.worker.health import is_alive
from service.worker.start import this_host

SETTINGS = Settings(heartbeat_s=10)


def test_a_worker_of_this_host_that_was_heard_of_lately_is_alive() -> None:
    store = MemoryJobStore()
    store.worker_seen(f"{this_host()}:1")
    assert is_alive(store, SETTINGS)


def test_silence_and_workers_of_other_hosts_do_not_count() -> None:
    now = [utc_now()]
    store = MemoryJobStore(clock=lambda: now[0])
    assert not is_alive(store, SETTINGS)
    store.worker_seen(f"{this_host()}:1")
    now[0] += timedelta(seconds=41)
    assert not is_alive(store, SETTINGS)
    other = MemoryJobStore()
    other.worker_seen("elsewhere:1")
    assert not is_alive(other, SETTINGS)
