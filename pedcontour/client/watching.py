"""Following a job to its end, whatever lies between: restarts of the service, and proxies that hold events back."""

import time
from collections.abc import Iterator

from pedcontour import errors
from pedcontour.client.answers import RemoteJob, job_of
from pedcontour.client.connection import Connection, path_of
from pedcontour.client.events import job_events

LISTEN_S = 5.0
"""An event stream that is silent for so long is opened anew, or, when it never said a word, not again: the service
tells at once how the job stands, so something on the way holds it back."""

POLL_FIRST_S, POLL_LONGEST_S = 0.2, 2.0
"""How often is asked where events do not come through: soon at first, for small series, then less and less often."""

PATIENCE_S = 60.0
"""How long is asked of a service that does not answer: it may be restarting, and the job is kept."""


class Watch:
    """One job, watched: by its events, and by asking where those do not come through.

    A lost stream needs no ``Last-Event-ID``: each event is the whole state, and the first comes at once.
    """

    def __init__(self, connection: Connection, job_id: str, timeout_s: float | None = None) -> None:
        self._connection = connection
        self._path = path_of(job_id)
        self._timeout_s = timeout_s
        self._give_up = float("inf") if timeout_s is None else time.monotonic() + timeout_s

    def changes(self) -> Iterator[RemoteJob]:
        """The job as it stands, then after every change; the last is the job that ended, with all that is known of it.

        Raises ``JobNotFoundError``, also when it is erased meanwhile; ``JobFailedError`` when ``timeout_s`` have
        passed; ``ServiceUnreachableError`` and ``StoreError`` after a minute without an answer.
        """
        told = None
        for job in self._looks():
            if job.event != told:
                yield job
            if job.has_ended:
                return
            told = job.event
            self._check_time()

    def _looks(self) -> Iterator[RemoteJob]:
        pause, listens = POLL_FIRST_S, True
        while True:
            job = self._asked()
            yield job
            began, hears = time.monotonic(), False
            for told in self._heard(job) if listens else ():
                hears = True
                if told.has_ended:  # the event is short: what it ended with is asked for at once
                    break
                yield told
            else:
                listens = hears
                pause = POLL_FIRST_S if time.monotonic() - began >= LISTEN_S else min(pause * 1.3, POLL_LONGEST_S)
                time.sleep(max(0.0, min(pause, self._give_up - time.monotonic())))

    def _asked(self) -> RemoteJob:
        began = time.monotonic()
        while True:
            try:
                return job_of(self._connection.ask("GET", self._path))
            except (errors.ServiceUnreachableError, errors.StoreError):
                if time.monotonic() - began > PATIENCE_S:
                    raise
            self._check_time()
            time.sleep(POLL_LONGEST_S / 4)

    def _heard(self, job: RemoteJob) -> Iterator[RemoteJob]:
        """The job as its stream tells it, until that ends for whatever reason: asking again shows it."""
        silence_s = max(POLL_FIRST_S, min(LISTEN_S, self._give_up - time.monotonic()))
        try:
            with self._connection.lines(f"{self._path}/events", silence_s) as lines:
                for event in job_events(lines):
                    yield job.at(event)
        except errors.PedcontourError:
            return

    def _check_time(self) -> None:
        if time.monotonic() > self._give_up:
            raise errors.JobFailedError(f"it has not ended after {self._timeout_s:.0f} s")
