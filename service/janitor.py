"""Erases what is kept no longer: inputs some hours after the end of their job, all of a job some days after it.

Erasing a job at once goes the same way. First its row gives way to a tombstone, so that for everybody it is gone and
what its worker still says is refused; then its files are removed. The tombstone stays for a while, and the files are
removed in every round of it: what a worker was writing at that moment does not come back.
"""

import logging
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pedcontour.errors import StoreError
from pedcontour.storage import ResultStore
from service.jobstore import Erasure, JobStore
from service.rounds import Rounds
from service.uploads import ABANDONED_S, erase_upload, sweep_uploads, uploads_older_than

log = logging.getLogger(__name__)

DUTY = "janitor"

ROUND_S = 60.0
"""How often the janitor looks, and so how late erasure may be."""

TOMBSTONE_KEPT = timedelta(hours=1)
"""Far above the time a worker needs to learn that its job is gone and to stop."""

AT_ONCE = 200
"""So many jobs are erased in one round: a round ends well before its duty is given to another."""


@dataclass(frozen=True)
class Retention:
    """How long an ended job is kept."""

    inputs: timedelta = timedelta(hours=24)
    results: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class Files:
    """Where the files of jobs lie."""

    uploads: Path
    results: ResultStore

    def erase(self, job_id: str) -> None:
        """Remove every file of a job; none is no error. Raises ``StoreError``."""
        erase_upload(self.uploads, job_id)
        self.results.delete(job_id)


def erase_job(job_id: str, jobs: Erasure, files: Files) -> bool:
    """Erase a job and its files at once, in any state. False: no job has that id. Raises ``StoreError``.

    Where the files cannot be removed now, the janitor does it in its next rounds.
    """
    if not jobs.erase(job_id):
        return False
    files.erase(job_id)
    return True


@dataclass
class Janitor:
    """Does its rounds while no other janitor does; ``name`` is its own among all of them."""

    jobs: JobStore
    files: Files
    retention: Retention
    name: str = field(default_factory=lambda: uuid.uuid4().hex)

    def rounds(self) -> Rounds:
        """Its rounds, to be started."""
        return Rounds(DUTY, self.do_round, ROUND_S)

    def do_round(self) -> bool:
        """Erase what is due. False: another janitor is on duty. Raises ``JobTableError``."""
        if not self.jobs.take_duty(DUTY, self.name, 3 * ROUND_S):
            return False
        now = self.jobs.now()
        for job_id in self.jobs.ended_before(now - self.retention.results, with_inputs=False, limit=AT_ONCE):
            self.jobs.erase(job_id)
            log.info("job %s: erased, its time is over", job_id)
        for tombstone in self.jobs.tombstones():
            if self._removed(tombstone.job_id) and tombstone.erased_at <= now - TOMBSTONE_KEPT:
                self.jobs.bury(tombstone.job_id)
        for job_id in self.jobs.ended_before(now - self.retention.inputs, with_inputs=True, limit=AT_ONCE):
            erase_upload(self.files.uploads, job_id)
            self.jobs.note_inputs_erased(job_id)
        self._erase_orphans()
        sweep_uploads(self.files.uploads, ABANDONED_S)
        return True

    def _removed(self, job_id: str) -> bool:
        """Whether the files of one job are gone; those of the others are removed all the same."""
        try:
            self.files.erase(job_id)
        except StoreError as error:
            log.warning("job %s: its files were not erased: %s", job_id, error.code)
            return False
        return True

    def _erase_orphans(self) -> None:
        """Uploads whose gateway was killed before it could keep their job: nobody knows their ids."""
        for job_id in uploads_older_than(self.files.uploads, self.retention.inputs.total_seconds()):
            if self.jobs.get(job_id) is None:
                erase_upload(self.files.uploads, job_id)
