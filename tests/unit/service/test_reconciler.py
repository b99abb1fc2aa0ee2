import threading
from datetime import UTC, datetime

from pedcontour.errors import BrokerError
from service.jobs import Job, Options, Priority, Retries
from service.jobstore import MemoryJobStore
from service.queue import MemoryJobQueue
from service.reconciler import Reconciler, reconcile

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_overdue_jobs_are_sent_again_and_others_are_not() -> None:
    store, queue = MemoryJobStore(), MemoryJobQueue()
    store.accept(Job("running", Options("model"), LONG_AGO, LONG_AGO))
    store.claim_next("me")
    store.accept(Job("overdue", Options("model"), LONG_AGO, LONG_AGO))
    assert reconcile(store, queue) == 1
    assert queue.messages == ["overdue"]
    assert reconcile(store, queue) == 0


class _BrokenQueue(MemoryJobQueue):
    """A broker that is down at first."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = threading.Event()
        self.works = threading.Event()
        self.sent = threading.Event()

    def check(self) -> None:
        if not self.works.is_set():
            self.refused.set()
            raise BrokerError

    def send(self, job_id: str, priority: Priority) -> None:
        super().send(job_id, priority)
        self.sent.set()


def test_a_broker_that_comes_back_gets_the_messages_at_once() -> None:
    store, queue = MemoryJobStore(Retries(resend_after_s=60)), _BrokenQueue()
    store.accept(Job("overdue", Options("model"), LONG_AGO, LONG_AGO))
    reconciler = Reconciler(store, queue, every_s=0.02)
    reconciler.start()
    assert queue.refused.wait(5)
    queue.works.set()
    assert queue.sent.wait(5)
    reconciler.stop()
    assert queue.messages[0] == "overdue"
