"""The SQL store and the memory store stay one, whatever is done to them; tests/contract holds the whole promise."""

import re
import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pedcontour.errors import JobTableError, JobTableTooNewError
from service.jobs import EVERY_PRIORITY, Ending, Job, Options, Priority, Retries, State
from service.jobstore import Listing, MemoryJobStore
from service.jobtable import SqlJobStore, open_job_table
from tests.postgres_server import PostgresServer

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


# A job table as version 0.1.0 made it, which wrote down no version.
FIRST_TABLE = """
CREATE TABLE jobs (
  id VARCHAR(36) NOT NULL PRIMARY KEY, tenant VARCHAR(64) NOT NULL, options JSON NOT NULL,
  upload_files INTEGER NOT NULL, upload_bytes BIGINT NOT NULL, state VARCHAR(16) NOT NULL, stage VARCHAR(32) NOT NULL,
  progress DOUBLE PRECISION NOT NULL, attempt INTEGER NOT NULL, sends INTEGER NOT NULL, owner VARCHAR(128),
  lease_until BIGINT, cancel_requested BOOLEAN NOT NULL, accepted_at BIGINT NOT NULL, resend_at BIGINT NOT NULL,
  started_at BIGINT, ended_at BIGINT, trouble VARCHAR(128) NOT NULL, problem JSON, verdicts JSON NOT NULL,
  warnings JSON NOT NULL, results JSON
)"""
FIRST_JOB = """
INSERT INTO jobs VALUES ('old', 't', '{"model_id": "m", "structures": ["liver"], "absent": [], "series_uid": null}',
  1, 5, 'queued', '', 0.0, 0, 0, NULL, NULL, :no, 1772323200000000, 1772323200000000, NULL, NULL, '', NULL, '[]', '[]',
  NULL)"""


def first_table(url: str) -> sa.Engine:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(FIRST_TABLE))
        connection.execute(sa.text(FIRST_JOB), {"no": False})
    return engine


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'jobs.sqlite'}"


def test_a_table_of_the_first_version_is_brought_forward_with_its_jobs(url: str) -> None:
    first_table(url).dispose()
    store = open_job_table(url, clock=lambda: START)
    assert store.get("old") == Job("old", Options("m", ("liver",)), START, START, "t", upload_files=1, upload_bytes=5)
    same = Job("b", Options("m"), START, START, "t", request_key="k")
    assert store.accept(same) == store.accept(same) == same
    claims = [store.claim_next(f"owner-{n}") for n in range(2)]
    assert {job.id for job in claims if job is not None} == {"old", "b"}
    assert store.erase("old")
    store.close()
    reopened = open_job_table(url)
    assert reopened.get("b") is not None
    reopened.close()


def test_a_table_of_the_second_version_is_brought_forward_with_its_jobs(url: str) -> None:
    store = open_job_table(url, clock=lambda: START)
    job = Job("a", Options("m"), START, START, "t", Priority.URGENT)
    store.accept(job)
    store.close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE jobs DROP COLUMN unread_since"))
        connection.execute(sa.text("UPDATE jobs SET options = :options"), {"options": '{"model_id": "m"}'})
        connection.execute(sa.text("UPDATE schema_version SET version = 2"))
    engine.dispose()
    store = open_job_table(url, clock=lambda: START)
    assert store.get("a") == job
    assert store.claim_next("me") is not None
    store.close()


def test_a_program_of_the_first_version_still_writes_to_the_table(url: str) -> None:
    store = open_job_table(url, clock=lambda: START)
    columns = re.findall(r"(\w+) (?:VARCHAR|JSON|INTEGER|BIGINT|DOUBLE|BOOLEAN)", FIRST_TABLE)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        insert = FIRST_JOB.replace("INTO jobs", f"INTO jobs ({', '.join(columns)})")
        connection.execute(sa.text(insert), {"no": False})
    engine.dispose()
    job = store.claim_next("me")
    assert job is not None
    assert (job.id, job.priority, job.inputs_kept) == ("old", Priority.ROUTINE, True)
    store.close()


def test_a_table_of_a_later_version_is_refused_and_left_alone(url: str) -> None:
    open_job_table(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE schema_version SET version = 99"))
    with pytest.raises(JobTableTooNewError, match="99"):
        open_job_table(url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version FROM schema_version")).scalar() == 99
    engine.dispose()


def test_many_processes_may_open_a_new_table_at_once(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(lambda _: open_job_table(url), range(6)))
    stores[0].accept(Job("a", Options("model"), START, START))
    assert stores[5].get("a") is not None
    for store in stores:
        store.close()


def test_nobody_is_told_that_a_new_sqlite_file_is_locked_while_another_makes_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for attempt in range(20):  # it is a matter of milliseconds, so one attempt proves nothing
            url = f"sqlite:///{tmp_path / str(attempt)}/jobs.sqlite"
            for store in list(pool.map(open_job_table, [url] * 8)):
                store.close()


def test_hosts_on_one_server_go_by_its_clock(postgres_url: str) -> None:
    store = open_job_table(postgres_url)
    assert abs(store.now() - datetime.now(UTC)) < timedelta(minutes=1)
    store.accept(Job("a", Options("model"), START, START))
    job = store.claim_next("me")
    assert job is not None and job.started_at is not None
    assert timedelta(0) <= store.now() - job.started_at < timedelta(minutes=1)
    store.close()


def test_a_database_without_an_encoding_gives_text_all_the_same(postgres: PostgresServer) -> None:
    store = open_job_table(postgres.new_database("SQL_ASCII"))
    store.accept(Job("a", Options("model"), START, START, tenant="clinic"))
    assert [(job.id, job.tenant) for job in store.list_jobs(Listing("clinic"))] == [("a", "clinic")]
    store.close()
