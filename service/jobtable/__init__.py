"""The job table in SQL: SQLite for one host, PostgreSQL by URL for several. Core only; every change is one transaction.

The table holds no patient data: file counts, options, organ verdicts and the codes of problems. The one identifier of
an image that may be in it is the Series Instance UID that a sender chose a series by.
"""

from service.jobtable.store import SqlJobStore, open_job_table

__all__ = ["SqlJobStore", "open_job_table"]
