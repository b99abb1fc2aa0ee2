"""The SQL store and the memory store stay one, whatever is done to them; tests/contract holds the whole promise."""

import json
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pedcontour.errors import JobTableError
from service.jobs import Ending, Job, Options, Retries, State
from service.jobstore import MemoryJobStore
from service.jobtable import SqlJobStore, open_job_table

START = datetime(2026, 3, 1, tzinfo=UTC)
RETRIES = Retries(lease_s=10, max_attempts=2, resend_after_s=5)
JOBS = st.sampled_from("ab")
OWNERS = st.sampled_from(["me", "you"])


class BothStores(RuleBasedStateMachine):
    """Does the same to both and compares all that can be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.folder = tempfile.TemporaryDirectory()
        self.memory = MemoryJobStore(RETRIES, lambda: self.now)
        self.sql: SqlJobStore = open_job_table(f"sqlite:///{self.folder.name}/jobs.sqlite", RETRIES, lambda: self.now)
        for job_id in "ab":
            job = Job(job_id, Options("model"), START, START + timedelta(seconds=5))
            self.memory.accept(job)
            self.sql.accept(job)

    @rule(seconds=st.integers(1, 12))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(job=JOBS, owner=OWNERS)
    def claim(self, job: str, owner: str) -> None:
        assert self.memory.claim(job, owner) == self.sql.claim(job, owner)

    @rule(job=JOBS, owner=OWNERS, progress=st.sampled_from([None, 0.0, 0.5]))
    def beat(self, job: str, owner: str, progress: float | None) -> None:
        stage = None if progress is None else "segment"
        assert self.memory.beat(job, owner, stage, progress) == self.sql.beat(job, owner, stage, progress)

    @rule(job=JOBS, owner=OWNERS, state=st.sampled_from([State.DONE, State.FAILED, State.CANCELLED]))
    def end(self, job: str, owner: str, state: State) -> None:
        assert self.memory.end(job, owner, Ending(state)) == self.sql.end(job, owner, Ending(state))

    @rule(job=JOBS, owner=OWNERS)
    def release(self, job: str, owner: str) -> None:
        assert self.memory.release(job, owner, "OSError") == self.sql.release(job, owner, "OSError")

    @rule(job=JOBS)
    def cancel(self, job: str) -> None:
        assert self.memory.cancel(job) == self.sql.cancel(job)

    @rule()
    def take_overdue(self) -> None:
        assert self.memory.take_overdue() == self.sql.take_overdue()

    @invariant()
    def they_agree(self) -> None:
        assert [self.memory.get(job) for job in "ab"] == [self.sql.get(job) for job in "ab"]
        assert self.memory.statistics() == self.sql.statistics()

    def teardown(self) -> None:
        self.sql.close()
        self.folder.cleanup()


TestBothStores = BothStores.TestCase
TestBothStores.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def test_a_second_process_sees_what_the_first_accepted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    job = Job("a", Options("model"), START, START)
    open_job_table(url).accept(job)
    assert open_job_table(url).get("a") == job


def test_a_table_of_the_time_before_output_options_and_provenance_is_read_and_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    job = Job("a", Options("model"), START, START)
    open_job_table(url).accept(job)
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute("ALTER TABLE jobs DROP COLUMN provenance")
        old = {"model_id": "model", "structures": None, "absent": [], "series_uid": None}
        connection.execute("UPDATE jobs SET options = ?", (json.dumps(old),))
    store = open_job_table(url)
    assert store.get("a") == job
    store.claim("a", "me")
    store.end("a", "me", Ending(State.DONE, provenance={"input_sha256": "ab"}))
    ended = store.get("a")
    assert ended is not None and ended.provenance == {"input_sha256": "ab"}


def test_a_database_that_cannot_be_opened_is_a_job_table_error_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "patient").write_text("not a folder")
    with pytest.raises(JobTableError) as refused:
        open_job_table(f"sqlite:///{tmp_path / 'patient' / 'jobs.sqlite'}")
    assert "patient" not in str(refused.value)


def test_a_table_that_is_gone_is_a_job_table_error(tmp_path: Path) -> None:
    store = open_job_table(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute("DROP TABLE jobs")
    with pytest.raises(JobTableError):
        store.check()


def test_an_accepted_job_is_on_the_disk_before_accept_returns(tmp_path: Path) -> None:
    open_job_table(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
