"""What every job store promises of lists, figures and erasure."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from service.jobs import Priority, State
from service.jobstore import Backlog, JobStore, Listing, Position, Standing
from tests.contract.job_stores import DONE, START, Clock, a_job, claimed, ids, known


def test_workers_are_remembered_by_their_last_sign_of_life(store: JobStore, clock: Clock) -> None:
    assert store.last_worker_seen() is None
    store.worker_seen("host_1:10")
    clock.move(5)
    store.worker_seen("host-2:10")
    clock.move(-3)
    store.worker_seen("host_1:10")
    assert store.last_worker_seen() == START + timedelta(seconds=5)
    assert store.last_worker_seen("host_1") == START + timedelta(seconds=2)
    assert store.last_worker_seen("host-1") is None
    assert store.last_worker_seen("host") is None


def test_several_jobs_are_looked_at_at_once(store: JobStore) -> None:
    for job_id in ("a", "b", "c"):
        store.accept(a_job(job_id))
    running = claimed(store)
    store.beat(running, known(store, running).owner or "", "segment", 0.25)
    assert store.standings({"a", "b", "none"}) == {
        "a": Standing(State.RUNNING, "segment", 0.25, 1),
        "b": Standing(State.QUEUED, "", 0.0, 0),
    }
    assert store.standings([]) == {}


def test_statistics_count_states_and_waits(store: JobStore, clock: Clock) -> None:
    assert store.statistics().by_state == dict.fromkeys(State, 0)
    for n in range(4):
        store.accept(a_job(str(n), accepted_at=START + timedelta(seconds=n)))
    for n, seconds in ((0, 4.0), (1, 40.0)):
        store.claim_next("me")
        clock.move(seconds)
        store.end(str(n), "me", DONE)
    store.claim_next("me")
    figures = store.statistics()
    assert figures.by_state == dict.fromkeys(State, 0) | {State.QUEUED: 1, State.RUNNING: 1, State.DONE: 2}
    assert figures.oldest_waiting_since == START + timedelta(seconds=3)
    assert figures.last_claim_at == START + timedelta(seconds=44)
    assert (figures.quarantined, figures.expired_leases) == (0, 0)
    clock.move(61)
    assert store.statistics().expired_leases == 1


def test_a_store_that_works_says_so(store: JobStore) -> None:
    store.check()


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.DONE])
def test_an_erased_job_is_gone_at_every_stage(store: JobStore, clock: Clock, state: State) -> None:
    store.accept(a_job(request_key="k"))
    if state is not State.QUEUED:
        store.claim_next("me")
    if state is State.DONE:
        store.end("a", "me", DONE)
    assert store.erase("a")
    assert store.get("a") is None
    assert store.list_jobs(Listing("")) == []
    assert store.cancel("a") is None
    assert not store.erase("a")
    assert [(stone.job_id, stone.erased_at) for stone in store.tombstones()] == [("a", START)]
    clock.move(10_000)
    assert store.claim_next("you") is None
    assert store.take_overdue() == []


def test_what_the_owner_of_an_erased_job_says_does_not_bring_it_back(store: JobStore) -> None:
    store.accept(a_job())
    store.claim_next("me")
    store.erase("a")
    assert store.beat("a", "me", "write", 0.9) is None
    assert not store.end("a", "me", DONE)
    assert not store.release("a", "me", "OSError")
    assert store.get("a") is None


def test_the_request_key_of_an_erased_job_is_free(store: JobStore) -> None:
    store.accept(a_job("a", request_key="k"))
    store.erase("a")
    assert store.accept(a_job("b", request_key="k")).id == "b"


def test_a_buried_tombstone_is_gone(store: JobStore) -> None:
    for job_id in ("a", "b"):
        store.accept(a_job(job_id))
        store.erase(job_id)
    store.bury("a")
    store.bury("none")
    assert [stone.job_id for stone in store.tombstones()] == ["b"]


def test_jobs_that_ended_long_ago_are_found_with_and_without_inputs(store: JobStore, clock: Clock) -> None:
    for n in range(4):
        store.accept(a_job(str(n), accepted_at=START + timedelta(seconds=n)))
    for _ in range(3):
        job = store.claim_next("me")
        assert job is not None
        clock.move(10)
        store.end(job.id, "me", DONE)
    late = START + timedelta(seconds=20)
    assert store.ended_before(late, with_inputs=True, limit=9) == ["0", "1"]
    assert store.ended_before(late, with_inputs=True, limit=1) == ["0"]
    store.note_inputs_erased("0")
    assert store.ended_before(late, with_inputs=True, limit=9) == ["1"]
    assert store.ended_before(late, with_inputs=False, limit=9) == ["0", "1"]
    assert not known(store, "0").inputs_kept


def test_a_duty_is_done_by_one_until_its_time_is_over(store: JobStore, clock: Clock) -> None:
    assert store.take_duty("janitor", "me", 60)
    assert not store.take_duty("janitor", "you", 60)
    assert store.take_duty("other", "you", 60)
    clock.move(59)
    assert store.take_duty("janitor", "me", 60)
    clock.move(59)
    assert not store.take_duty("janitor", "you", 60)
    clock.move(1)
    assert store.take_duty("janitor", "you", 60)
    assert not store.take_duty("janitor", "me", 60)


def test_of_many_who_ask_for_a_duty_at_once_one_gets_it(store: JobStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda n: store.take_duty("janitor", f"holder-{n}", 60), range(16)))
    assert got.count(True) == 1


def test_a_list_shows_a_tenants_own_jobs_from_the_newest_on(store: JobStore) -> None:
    for n in range(5):
        store.accept(a_job(str(n), tenant="t" if n else "u", accepted_at=START + timedelta(seconds=n)))
    assert ids(store.list_jobs(Listing("t"))) == ["4", "3", "2", "1"]
    assert ids(store.list_jobs(Listing("u"))) == ["0"]
    assert ids(store.list_jobs(Listing("t", limit=2))) == ["4", "3"]
    later, end = START + timedelta(seconds=2), START + timedelta(seconds=4)
    assert ids(store.list_jobs(Listing("t", since=later, until=end))) == ["3", "2"]


def test_a_list_is_cut_by_state(store: JobStore) -> None:
    for n in range(3):
        store.accept(a_job(str(n), accepted_at=START + timedelta(seconds=n)))
    store.claim_next("me")
    store.cancel("2")
    assert ids(store.list_jobs(Listing("", states=[State.RUNNING, State.CANCELLED]))) == ["2", "0"]
    assert ids(store.list_jobs(Listing("", states=[State.DONE]))) == []


def test_pages_hold_every_job_once_also_when_new_ones_come_and_times_are_equal(store: JobStore) -> None:
    for n in range(7):
        store.accept(a_job(f"{n}", accepted_at=START + timedelta(seconds=n // 3)))
    seen: list[str] = []
    after: Position | None = None
    while page := store.list_jobs(Listing("", after=after, limit=2)):
        seen += ids(page)
        after = Position(page[-1].accepted_at, page[-1].id)
        store.accept(a_job(f"new-{len(seen)}", accepted_at=START + timedelta(hours=1)))
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


def test_the_backlog_tells_what_waits_since_when_and_what_runs(store: JobStore, clock: Clock) -> None:
    assert store.backlog() == Backlog()
    store.accept(a_job("a", tenant="t"))
    store.accept(a_job("b", tenant="u", accepted_at=START + timedelta(seconds=5)))
    store.accept(a_job("c", tenant="u", priority=Priority.URGENT, accepted_at=START + timedelta(seconds=7)))
    clock.move(10)
    assert store.backlog() == Backlog(3, 0, START)
    assert store.backlog(tenant="u") == Backlog(2, 0, START + timedelta(seconds=5))
    assert store.backlog([Priority.URGENT]) == Backlog(1, 0, START + timedelta(seconds=7))
    assert claimed(store) == "c"
    now = clock.now
    assert store.backlog() == Backlog(2, 1, START, now)
    clock.move(60)
    assert store.backlog([Priority.URGENT]) == Backlog(0, 0, now + timedelta(seconds=60), now), "its lease ran out"


def test_a_job_that_rests_is_not_waited_for(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    store.release("a", "me", "OSError")
    assert store.backlog() == Backlog(1, 0, None, START)
    clock.move(30)
    assert store.backlog().free_since == START + timedelta(seconds=30)


def test_a_job_given_back_without_trouble_waits_from_then_on_and_no_stall_is_seen(
    store: JobStore, clock: Clock
) -> None:
    store.accept(a_job())
    store.claim_next("me")
    for _ in range(10):
        clock.move(59)
        store.beat("a", "me")
    store.release("a", "me", "")
    assert store.backlog().free_since == clock.now
    clock.move(9)
    assert not store.backlog().is_stalled(clock.now, 10)
    clock.move(1)
    assert store.backlog().is_stalled(clock.now, 10), "from here on somebody should have begun it"


def test_the_last_claim_is_known_when_its_job_is_erased(store: JobStore) -> None:
    store.accept(a_job())
    store.claim_next("me")
    store.erase("a")
    assert store.statistics().last_claim_at == store.backlog().last_claim_at == START


def test_the_time_is_that_of_the_stores_clock(store: JobStore, clock: Clock) -> None:
    clock.move(5)
    assert store.now() == START + timedelta(seconds=5)
