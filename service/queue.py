"""The queue: wakes a worker up with a job's id, and nothing else. Which job it then works on the job table decides.

Losing a message delays a job; the table keeps it.

Measured reasons for each Celery setting are in ``docs/adr`` (the job table is the truth).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from pedcontour.errors import BrokerError
from service.jobs import Priority

TASK = "pedcontour.contour"
"""Name of the one task."""

QUEUES = {priority: f"pedcontour.{priority.value}" for priority in Priority}
"""The queue of each priority: a queue of its own rather than a priority of Redis, where 0 is the highest."""

CONNECT_TIMEOUT_S = 3.0
"""How long a gateway waits for the broker before it answers without: the reconciler sends the message later."""

SOCKET_TIMEOUT_S = 30.0
"""A broker that is silent for so long is taken for dead; above the second that kombu's blocking read takes."""


class JobQueue(Protocol):
    """Wakes a worker up for a job."""

    def send(self, job_id: str, priority: Priority) -> None:
        """Wake a worker that serves a priority. Raises ``BrokerError``; the job is not lost then, only its message."""
        ...

    def depth(self, priority: Priority) -> int:
        """Messages that wait in the queue of a priority. Raises ``BrokerError``."""
        ...

    def check(self) -> None:
        """Raise ``BrokerError`` unless the broker answers."""
        ...


class MemoryJobQueue:
    """A ``JobQueue`` in memory, which nobody empties."""

    def __init__(self) -> None:
        self._sent: list[tuple[str, Priority]] = []

    @property
    def messages(self) -> list[str]:
        """The ids that were sent."""
        return [job_id for job_id, _ in self._sent]

    def send(self, job_id: str, priority: Priority) -> None:
        """See ``JobQueue.send``."""
        self._sent.append((job_id, priority))

    def depth(self, priority: Priority) -> int:
        """See ``JobQueue.depth``."""
        return sum(sent is priority for _, sent in self._sent)

    def check(self) -> None:
        """See ``JobQueue.check``: memory is always there."""


def make_celery(broker_url: str, visibility_timeout_s: int) -> Celery:
    """The Celery application, the same for who sends and who works.

    ``visibility_timeout_s`` is above the longest job: after it the broker gives an unacknowledged message to another
    worker, which the job table then refuses.
    """
    app = Celery("pedcontour", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        # Results live in the job table.
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_default_queue=QUEUES[Priority.ROUTINE],
        # A message is acknowledged after its job, and each worker holds one.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_concurrency=1,
        worker_pool="threads",
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_log_color=False,
        worker_send_task_events=False,
        # worker_enable_remote_control stays on: without it one broker outage at the wrong moment wedges the worker.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=CONNECT_TIMEOUT_S,
        broker_transport_options={
            "visibility_timeout": visibility_timeout_s,
            "socket_timeout": SOCKET_TIMEOUT_S,
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            "socket_keepalive": True,
            "health_check_interval": 15,
        },
        result_backend_transport_options={"visibility_timeout": visibility_timeout_s},
        visibility_timeout=visibility_timeout_s,
        enable_utc=True,
    )
    return app


class CeleryJobQueue:
    """A ``JobQueue`` over Celery and its Redis or Valkey.

    It makes ``app`` a sender's own: one that tells at once when the broker is away, where a worker's would wait for it.
    """

    def __init__(self, app: Celery) -> None:
        app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 0}
        self._app = app

    def send(self, job_id: str, priority: Priority) -> None:
        """See ``JobQueue.send``."""
        with _as_broker_error():
            self._app.send_task(TASK, args=(job_id,), queue=QUEUES[priority], retry=False, ignore_result=True)

    def depth(self, priority: Priority) -> int:
        """See ``JobQueue.depth``."""
        with self._redis() as redis:
            return int(redis.llen(QUEUES[priority]))

    def check(self) -> None:
        """See ``JobQueue.check``."""
        with self._redis() as redis:
            redis.ping()

    @contextmanager
    def _redis(self) -> Iterator[Any]:
        connections: Any = self._app.pool
        with _as_broker_error(), connections.acquire(block=True) as connection:
            yield connection.default_channel.client


@contextmanager
def _as_broker_error() -> Iterator[None]:
    try:
        yield
    except (KombuError, RedisError, OSError) as error:
        raise BrokerError(type(error).__name__) from None
