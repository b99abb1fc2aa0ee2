"""What another version wrote into a job table, or what is damaged there, spoils its own job and no other."""

import logging
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from service.jobs import Job, Options, Priority, State
from service.jobstore import Listing
from service.jobtable import SqlJobStore, open_job_table
from service.jobtable.schema import jobs
from tests.contract.job_stores import DONE, RETRIES, START, Clock, a_job, ids, known


class Table:
    """A job table, and what somebody else may write into it."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.store: SqlJobStore = open_job_table(url, RETRIES, clock)
        self._engine = sa.create_engine(url)

    def write(self, job_id: str, **columns: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(columns))

    def read(self, job_id: str, column: str) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(sa.select(jobs.c[column]).where(jobs.c.id == job_id)).scalar_one()

    def close(self) -> None:
        self.store.close()
        self._engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def table(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Table]:
    is_postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres_url") if is_postgres else f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    table = Table(url, clock)
    yield table
    table.close()


LATER = {"model_id": "model", "new_field": 1}
UNREADABLE: dict[str, tuple[str, object]] = {
    "an unknown option": ("options", LATER),
    "no model": ("options", {}),
    "no object": ("options", [1]),
    "an unknown mode": ("options", {"model_id": "model", "mode": "psychic"}),
    "an unknown output option": ("options", {"model_id": "model", "outputs": {"smell": "mint"}}),
    "outputs that are none": ("options", {"model_id": "model", "outputs": [1]}),
    "a verdict that is none": ("verdicts", [[1]]),
    "an unknown outcome": ("verdicts", [{"organ": "liver", "outcome": "eaten"}]),
    "a problem that is none": ("problem", [1]),
    "warnings that are none": ("warnings", {"a": 1}),
    "results that are none": ("results", [1]),
}


@pytest.mark.parametrize("spoiled", UNREADABLE.values(), ids=UNREADABLE)
def test_one_job_that_cannot_be_read_stops_no_other(table: Table, clock: Clock, spoiled: tuple[str, object]) -> None:
    store = table.store
    for n, job_id in enumerate(("bad", "good")):
        store.accept(a_job(job_id, accepted_at=START + timedelta(seconds=n)))
    column, value = spoiled
    table.write("bad", **{column: value})
    clock.move(40)
    assert ids(store.take_overdue()) == ["bad", "good"], "and both are sent again"
    assert [job.id for job in _claims(store)] == ["good"]
    assert [(job.id, job.state, job.is_readable) for job in store.list_jobs(Listing(""))] == [
        ("good", State.RUNNING, True),
        ("bad", State.QUEUED, False),
    ]
    assert table.read("bad", column) == value, "what another version wrote is left as it is"


def test_text_that_is_no_json_stops_no_other_job(tmp_path: Path, clock: Clock) -> None:
    table = Table(f"sqlite:///{tmp_path / 'jobs.sqlite'}", clock)  # PostgreSQL takes none into such a column
    for job_id in ("bad", "good"):
        table.store.accept(a_job(job_id))
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute("UPDATE jobs SET options = '{torn' WHERE id = 'bad'")
    assert [job.id for job in _claims(table.store)] == ["good"]
    assert not known(table.store, "bad").is_readable
    table.close()


def test_a_job_of_a_later_version_waits_for_it_and_is_told(
    table: Table, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    store = table.store
    store.accept(a_job())
    table.write("a", options=LATER)
    with caplog.at_level(logging.WARNING):
        assert store.claim_next("me") is None
    assert "job a: this version cannot read it" in caplog.text
    assert (store.statistics().unreadable, store.backlog().unread_since) == (1, START)
    rested = START + timedelta(seconds=30)
    assert (known(store).rest_until, known(store).attempt) == (rested, 0)
    assert store.claim_next("me") is None, "and it does not keep a worker busy meanwhile"
    clock.move(30)
    assert ids(store.take_overdue()) == ["a"]
    assert store.claim_next("me") is None
    assert store.backlog().unread_since == START, "since when it waits is not forgotten"
    assert store.backlog().is_unreadable(clock.now, 30)
    assert not store.backlog().is_stalled(clock.now, 10), "no worker is to blame"
    table.write("a", options={"model_id": "model"})  # what a version that can read it sees
    clock.move(30)
    job = store.claim_next("me")
    assert job is not None
    assert (job.options, job.attempt, job.unread_since) == (Options("model"), 1, None)
    assert (store.statistics().unreadable, store.backlog().unread_since) == (0, None)


def test_a_job_of_a_later_version_whose_worker_died_waits_too(table: Table, clock: Clock) -> None:
    store = table.store
    store.accept(a_job())
    store.claim_next("later")
    table.write("a", options=LATER)
    clock.move(61)
    assert store.claim_next("me") is None
    assert (known(store).state, known(store).attempt, known(store).owner) == (State.QUEUED, 1, None)


def test_without_being_read_a_job_is_cancelled_erased_and_set_aside(table: Table, clock: Clock) -> None:
    store = table.store
    for n, job_id in enumerate(("waiting", "running", "erased", "tried")):
        store.accept(a_job(job_id, accepted_at=START + timedelta(seconds=n)))
        table.write(job_id, options=LATER)
    table.write("running", options={"model_id": "model"})
    claimed = store.claim_next("me")
    assert claimed is not None and claimed.id == "running"
    table.write("running", options=LATER)
    table.write("tried", attempt=3)
    cancelled = [store.cancel(job_id) for job_id in ("waiting", "running")]
    assert [job.state for job in cancelled if job] == [State.CANCELLED, State.RUNNING]
    assert store.erase("erased")
    clock.move(61)
    assert store.claim_next("you") is None
    assert known(store, "running").state is State.CANCELLED
    assert known(store, "tried").state is State.FAILED
    assert table.read("tried", "problem")["code"] == "QUARANTINED"
    assert store.get("erased") is None


def test_what_a_later_version_tells_of_an_end_beside_what_is_known_is_left_out(table: Table) -> None:
    store = table.store
    store.accept(a_job())
    store.claim_next("me")
    store.end("a", "me", DONE)
    before = known(store)
    verdict = table.read("a", "verdicts")[0]
    table.write("a", verdicts=[verdict | {"mood": "good"}])
    assert known(store) == before
    table.write("a", problem={"code": "X", "advice": "Y.", "colour": "red"})
    job = known(store)
    assert job.problem is not None and (job.problem.code, job.problem.detail) == ("X", "")
    table.write("a", verdicts=[verdict | {"outcome": "eaten"}])
    job = known(store)
    assert (job.is_readable, job.state, job.verdicts) == (False, State.DONE, ())
    assert job.results == DONE.results, "they can be fetched all the same"


def test_states_and_priorities_of_a_later_version_are_left_to_it(table: Table, clock: Clock) -> None:
    store = table.store
    for job_id in ("held", "bulk", "good"):
        store.accept(a_job(job_id))
    table.write("held", state="held")
    table.write("bulk", priority="bulk")
    clock.move(40)
    assert {job.id for job in store.take_overdue()} == {"bulk", "good"}
    assert [job.id for job in _claims(store)] == ["good"]
    told = {job.id: (job.state, job.priority, job.is_readable) for job in store.list_jobs(Listing(""))}
    assert told["held"] == told["bulk"] == (State.QUEUED, Priority.ROUTINE, False)
    assert store.standings(["held"])["held"].state is State.QUEUED
    assert store.statistics().by_state[State.QUEUED] == 1
    store.cancel("held")
    assert table.read("held", "state") == "held"


def _claims(store: SqlJobStore) -> list[Job]:
    found: list[Job] = []
    while (job := store.claim_next(f"owner-{len(found)}")) is not None:
        found.append(job)
    return found
