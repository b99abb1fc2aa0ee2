"""The SQL store and the memory store stay one, whatever is done to them; tests/contract holds the whole promise."""

import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pedcontour.errors import JobTableError
from service.jobs import EVERY_PRIORITY, Ending, Job, Options, Priority, Retries, State
from service.jobstore import Listing, MemoryJobStore
from service.jobtable import SqlJobStore, open_job_table

START = datetime(2026, 3, 1, tzinfo=UTC)
RETRIES = Retries(lease_s=10, max_attempts=2, resend_after_s=5)
JOBS = st.sampled_from("abc")
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
            job = Job(job_id, Options("model"), START, START + timedelta(seconds=5), tenant="t")
            self.memory.accept(job)
            self.sql.accept(job)

    @rule(seconds=st.integers(1, 12))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(owner=OWNERS, priorities=st.sampled_from([EVERY_PRIORITY, (Priority.URGENT,)]))
    def claim(self, owner: str, priorities: tuple[Priority, ...]) -> None:
        assert self.memory.claim_next(owner, priorities) == self.sql.claim_next(owner, priorities)

    @rule(job=JOBS, tenant=st.sampled_from("tu"), priority=st.sampled_from(Priority), key=st.sampled_from([None, "k"]))
    def accept(self, job: str, tenant: str, priority: Priority, key: str | None) -> None:
        if self.memory.get(job) is None:
            new = Job(job, Options("model"), self.now, self.now, tenant, priority, key)
            assert self.memory.accept(new) == self.sql.accept(new)

    @rule(job=JOBS)
    def erase(self, job: str) -> None:
        if job not in [stone.job_id for stone in self.memory.tombstones()]:
            assert self.memory.erase(job) == self.sql.erase(job)

    @rule(job=JOBS)
    def bury(self, job: str) -> None:
        self.memory.bury(job)
        self.sql.bury(job)

    @rule(job=JOBS)
    def erase_inputs(self, job: str) -> None:
        self.memory.note_inputs_erased(job)
        self.sql.note_inputs_erased(job)

    @rule(owner=OWNERS)
    def take_duty(self, owner: str) -> None:
        assert self.memory.take_duty("janitor", owner, 10) == self.sql.take_duty("janitor", owner, 10)

    @rule(job=JOBS, owner=OWNERS, progress=st.sampled_from([None, 0.0, 0.5]))
    def beat(self, job: str, owner: str, progress: float | None) -> None:
        stage = None if progress is None else "segment"
        assert self.memory.beat(job, owner, stage, progress) == self.sql.beat(job, owner, stage, progress)

    @rule(job=JOBS, owner=OWNERS, state=st.sampled_from([State.DONE, State.FAILED, State.CANCELLED]))
    def end(self, job: str, owner: str, state: State) -> None:
        assert self.memory.end(job, owner, Ending(state)) == self.sql.end(job, owner, Ending(state))

    @rule(job=JOBS, owner=OWNERS, trouble=st.sampled_from(["", "OSError"]))
    def release(self, job: str, owner: str, trouble: str) -> None:
        assert self.memory.release(job, owner, trouble) == self.sql.release(job, owner, trouble)

    @rule(job=JOBS)
    def cancel(self, job: str) -> None:
        assert self.memory.cancel(job) == self.sql.cancel(job)

    @rule()
    def take_overdue(self) -> None:
        assert self.memory.take_overdue() == self.sql.take_overdue()

    @invariant()
    def they_agree(self) -> None:
        assert [self.memory.get(job) for job in "abc"] == [self.sql.get(job) for job in "abc"]
        assert self.memory.statistics() == self.sql.statistics()
        assert self.memory.tombstones() == self.sql.tombstones()
        for tenant in "tu":
            assert self.memory.backlog(tenant=tenant) == self.sql.backlog(tenant=tenant)
            assert self.memory.list_jobs(Listing(tenant)) == self.sql.list_jobs(Listing(tenant))
        for with_inputs in (True, False):
            due = [s.ended_before(self.now, with_inputs=with_inputs, limit=9) for s in (self.memory, self.sql)]
            assert due[0] == due[1]

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
