"""Faults of the database under the job table."""

import time

import sqlalchemy as sa

from benchmarks.faults.aims import GoneOn, any_begun, sending, working
from benchmarks.faults.ledger import Ledger

CUTS = 20
CUT_EVERY_S = 0.1

_CUT = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def cut_connections(ledger: Ledger) -> GoneOn:
    """Cut every connection to PostgreSQL, again and again, while jobs are accepted, claimed and ended.

    Some of the cuts come between a COMMIT and its answer: then nobody knows whether it was done.
    """
    working(ledger, None)
    engine = sa.create_engine(ledger.service.settings.job_table_url, isolation_level="AUTOCOMMIT")
    with sending(ledger, 2), engine.connect() as connection:
        for _ in range(CUTS):
            connection.execute(_CUT)
            time.sleep(CUT_EVERY_S)
    engine.dispose()
    return any_begun(ledger)
