"""The job table as a whole, and how it is opened."""

from service.jobs import DEFAULT_RETRIES, Retries
from service.jobstore import Clock
from service.jobtable.database import Database, as_job_table_error
from service.jobtable.erasure import SqlErasure
from service.jobtable.records import SqlRecords
from service.jobtable.schema import prepare_tables
from service.jobtable.work import SqlWork


class SqlJobStore(SqlWork, SqlRecords, SqlErasure):
    """A ``JobStore`` in a database that several processes share."""

    def __init__(self, database: Database, retries: Retries) -> None:
        SqlWork.__init__(self, database, retries)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()


def open_job_table(url: str, retries: Retries = DEFAULT_RETRIES, clock: Clock | None = None) -> SqlJobStore:
    """The job table at an SQLAlchemy URL, made where it is not there yet and brought forward where it is older.

    Without a ``clock`` all times are the database server's, so that hosts whose clocks differ agree on every lease.
    Raises ``JobTableError``; ``JobTableTooNewError`` for a table that a later version of this program has made.
    """
    with as_job_table_error():
        database = Database(url, clock)
        with database.changing() as connection:
            database.lock(connection)
            prepare_tables(connection)
    return SqlJobStore(database, retries)
