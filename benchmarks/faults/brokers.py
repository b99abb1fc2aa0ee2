"""Faults between the job table and the workers: the broker, its messages, and who sends them again."""

import contextlib
import signal
import time
from threading import Thread

from redis import Redis
from redis.exceptions import RedisError

from benchmarks.faults.aims import GoneOn, any_begun, sending, working
from benchmarks.faults.ledger import Ledger
from benchmarks.faults.service import FaultyService, kill
from pedcontour.errors import StoreError
from service.jobtable import open_job_table
from service.queue import CeleryJobQueue, make_celery
from service.reconciler import reconcile

AWAY_S = 12.0
"""Long enough for jobs to end and be acknowledged meanwhile, and longer than the sockets' timeouts."""

RECONCILERS_S = 3.0


def kill_broker(ledger: Ledger) -> GoneOn:
    """Kill the broker."""
    service = ledger.service
    before = _process_of(service)
    assert before is not None
    kill(before)
    return lambda: _process_of(service) not in (None, before)


def wipe_broker(ledger: Ledger) -> GoneOn:
    """Take every message from the broker."""
    ledger.service.broker().flushall()
    return any_begun(ledger)


def cut_off(ledger: Ledger) -> GoneOn:
    """Nobody reaches the broker while a job ends and others are sent."""
    working(ledger, None)
    socket = ledger.service.broker_path
    aside = socket.with_suffix(".aside")
    socket.rename(aside)
    with sending(ledger, 2):
        Redis(unix_socket_path=str(aside)).client_kill_filter(_type="normal", skipme=True)
        time.sleep(AWAY_S)
        if socket.exists():  # an embedded broker that nobody reaches is replaced
            aside.unlink()
        else:
            aside.rename(socket)
    return any_begun(ledger)


def hang(ledger: Ledger) -> GoneOn:
    """The broker takes connections and says nothing while a job ends and others are sent."""
    working(ledger, None)
    broker = _process_of(ledger.service)
    assert broker is not None
    kill(broker, signal.SIGSTOP)
    with sending(ledger, 2):
        time.sleep(AWAY_S)
        kill(broker, signal.SIGCONT)
    return any_begun(ledger)


def send_twice(ledger: Ledger) -> GoneOn:
    """Send the message of every open job once more."""
    queue = _queue_of(ledger.service)
    for job in ledger.open_jobs():
        queue.send(job.id, job.priority)
    return any_begun(ledger)


def reconcile_twice(ledger: Ledger) -> GoneOn:
    """Two more reconcilers, which know nothing of one another, send again whatever is overdue."""
    wipe_broker(ledger)
    senders = [Thread(target=_reconcile_on, args=(ledger.service,)) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return any_begun(ledger)


def _reconcile_on(service: FaultyService) -> None:
    table = open_job_table(service.settings.job_table_url)
    queue = _queue_of(service)
    give_up = time.monotonic() + RECONCILERS_S
    while time.monotonic() < give_up:
        with contextlib.suppress(StoreError):
            reconcile(table, queue)
    table.close()


def _queue_of(service: FaultyService) -> CeleryJobQueue:
    return CeleryJobQueue(make_celery(f"redis+socket://{service.broker_path}", 3600))


def _process_of(service: FaultyService) -> int | None:
    try:
        return int(service.broker().info("server")["process_id"])
    except (RedisError, OSError):
        return None
