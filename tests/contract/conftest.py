"""Every job store, empty and told the time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.jobstore import JobStore, MemoryJobStore
from service.jobtable import open_job_table
from tests.contract.job_stores import RETRIES, Clock

STORES = ("memory", "sqlite", "postgres")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    if request.param == "memory":
        yield MemoryJobStore(RETRIES, clock)
        return
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path / 'data' / 'jobs.sqlite'}"
    table = open_job_table(url, RETRIES, clock)
    yield table
    table.close()
