"""The end of what is kept in SQL: see ``service.jobstore.port.Erasure``."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from service.database import changing, insert_into, read, write
from service.jobstore import Clock, Tombstone
from service.jobtable.schema import duties, jobs, tombstones


class SqlErasure:
    """An ``Erasure`` in a database that several processes share."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def erase(self, job_id: str) -> bool:
        """See ``Erasure.erase``."""
        now = self._clock()
        with changing(self._engine) as connection:
            if connection.execute(sa.delete(jobs).where(jobs.c.id == job_id)).rowcount == 0:
                return False
            connection.execute(sa.insert(tombstones).values(id=job_id, erased_at=now))
            return True

    def ended_before(self, moment: datetime, *, with_inputs: bool, limit: int) -> list[str]:
        """See ``Erasure.ended_before``."""
        found = sa.select(jobs.c.id).where(jobs.c.ended_at <= moment)
        if with_inputs:
            found = found.where(jobs.c.inputs_kept)
        return [str(row.id) for row in read(self._engine, found.order_by(jobs.c.ended_at, jobs.c.id).limit(limit))]

    def note_inputs_erased(self, job_id: str) -> None:
        """See ``Erasure.note_inputs_erased``."""
        write(self._engine, sa.update(jobs).where(jobs.c.id == job_id).values(inputs_kept=False))

    def tombstones(self) -> list[Tombstone]:
        """See ``Erasure.tombstones``."""
        rows = read(self._engine, sa.select(tombstones).order_by(tombstones.c.erased_at, tombstones.c.id))
        return [Tombstone(row.id, row.erased_at) for row in rows]

    def bury(self, job_id: str) -> None:
        """See ``Erasure.bury``."""
        write(self._engine, sa.delete(tombstones).where(tombstones.c.id == job_id))

    def take_duty(self, duty: str, holder: str, for_s: float) -> bool:
        """See ``Erasure.take_duty``."""
        now = self._clock()
        taken = {"holder": holder, "until": now + timedelta(seconds=for_s)}
        insert = insert_into(self._engine, duties).values(duty=duty, **taken)
        open_ = sa.or_(duties.c.holder == holder, duties.c.until <= now)
        take = insert.on_conflict_do_update(index_elements=["duty"], set_=taken, where=open_)
        return bool(write(self._engine, take.returning(duties.c.duty)))
