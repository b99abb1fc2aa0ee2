"""What every job store promises of the way of a job. The stores are told the time, so no test waits."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from pedcontour.errors import AuditError, GantryTiltError, NothingDrawnError
from pedcontour.outputs import OutputStyle, RoiName, RoiNames
from service.jobs import Ending, Options, Priority, Problem, State
from service.jobstore import Beat, JobStore
from tests.contract.job_stores import DONE, PROVENANCE, START, VERDICT, Clock, a_job, claimed, ids, known


def test_a_job_is_kept_as_it_was_accepted(store: JobStore) -> None:
    style = OutputStyle(holes="keyhole", names=RoiNames("ours", "Ours", {"liver": RoiName("Leber", (1, 2, 3))}))
    options = Options("model", ("liver", "spleen"), ("kidney_left",), "1.2.3", style.as_data())
    job = a_job(options=options, tenant="t", upload_files=3, upload_bytes=2**40)
    job = replace(job, priority=Priority.URGENT, request_key="k", request_digest="d")
    assert store.accept(job) == job
    assert store.get("a") == job
    assert store.get("b") is None


def test_a_new_job_is_witnessed_before_it_is_kept_and_one_that_was_there_is_not(store: JobStore) -> None:
    seen: list[str] = []
    job = replace(a_job(), request_key="k")
    store.accept(job, lambda: seen.append("a"))
    store.accept(replace(job, id="b"), lambda: seen.append("b"))
    assert seen == ["a"]


def test_what_its_witness_refuses_is_not_kept(store: JobStore) -> None:
    def refuse() -> None:
        raise AuditError("OSError")

    job = replace(a_job(), request_key="k")
    with pytest.raises(AuditError):
        store.accept(job, refuse)
    assert store.get(job.id) is None and store.claim_next("me") is None
    assert store.accept(job) == job


def test_a_claim_makes_the_job_run_and_counts(store: JobStore) -> None:
    store.accept(a_job())
    job = store.claim_next("me")
    assert job is not None
    assert (job.state, job.owner, job.attempt) == (State.RUNNING, "me", 1)
    assert job.lease_until == START + timedelta(seconds=60)
    assert known(store) == job


def test_a_second_claim_finds_nothing(store: JobStore) -> None:
    store.accept(a_job())
    assert store.claim_next("me") is not None
    assert store.claim_next("you") is None
    assert known(store).attempt == 1


def test_where_no_job_waits_nothing_is_claimed(store: JobStore) -> None:
    assert store.claim_next("me") is None


def test_of_many_claims_at_once_each_job_goes_to_one(store: JobStore) -> None:
    for n in range(10):
        store.accept(a_job(str(n), tenant=str(n % 3)))
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda n: store.claim_next(f"owner-{n}"), range(80)))
    won = [job for job in claims if job is not None]
    assert sorted(job.id for job in won) == [str(n) for n in range(10)]
    assert all(known(store, job.id) == job for job in won)


def test_a_lease_that_ran_out_can_be_claimed_by_another(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    clock.move(59.9)
    assert store.claim_next("you") is None
    clock.move(0.1)
    job = store.claim_next("you")
    assert job is not None
    assert (job.owner, job.attempt) == ("you", 2)


def test_a_former_owner_changes_nothing(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    clock.move(60)
    now = store.claim_next("you")
    assert store.beat("a", "me", "segment", 0.9) is None
    assert not store.end("a", "me", DONE)
    assert not store.release("a", "me", "OSError")
    assert known(store) == now


def test_a_beat_renews_the_lease_and_tells_stage_and_progress(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    clock.move(50)
    assert store.beat("a", "me", "segment", 0.5) == Beat(cancel_requested=False)
    clock.move(50)
    assert store.beat("a", "me") == Beat(cancel_requested=False)
    job = known(store)
    assert (job.stage, job.progress, job.lease_until) == ("segment", 0.5, START + timedelta(seconds=160))


def test_an_owner_whose_lease_ran_out_keeps_the_job_while_nobody_else_took_it(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    clock.move(600)
    assert store.beat("a", "me") is not None
    assert store.claim_next("you") is None


def test_a_new_attempt_begins_from_the_start(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    store.beat("a", "me", "write", 0.9)
    clock.move(61)
    job = store.claim_next("you")
    assert job is not None
    assert (job.stage, job.progress, job.started_at) == ("", 0.0, START + timedelta(seconds=61))


def test_a_done_job_keeps_its_results_and_ends_once(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    clock.move(5)
    assert store.end("a", "me", DONE)
    job = known(store)
    assert (job.state, job.progress, job.ended_at) == (State.DONE, 1.0, START + timedelta(seconds=5))
    assert (job.verdicts, job.warnings, job.results) == ((VERDICT,), ("A: b",), {"seg.dcm": "a/1/seg.dcm"})
    assert job.provenance == PROVENANCE
    assert (job.owner, job.lease_until) == (None, None)
    assert not store.end("a", "me", Ending(State.FAILED))
    assert store.claim_next("you") is None
    assert known(store) == job


def test_a_failed_job_keeps_its_problem(store: JobStore) -> None:
    problem = Problem.of(GantryTiltError("14 degrees", instance_uids=("1.2", "1.3")))
    store.accept(a_job())
    store.claim_next("me")
    store.beat("a", "me", "read", 0.25)
    assert store.end("a", "me", Ending(State.FAILED, problem))
    assert known(store).problem == problem
    assert known(store).progress == 0.25


def test_a_job_that_drew_nothing_keeps_its_verdicts_beside_its_problem(store: JobStore) -> None:
    store.accept(a_job())
    store.claim_next("me")
    assert store.end("a", "me", Ending(State.FAILED, Problem.of(NothingDrawnError()), (VERDICT,), ("A: b",)))
    assert (known(store).verdicts, known(store).warnings) == ((VERDICT,), ("A: b",))


def test_a_released_job_waits_and_is_claimed_again(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    assert store.release("a", "me", "OSError")
    assert (known(store).state, known(store).trouble) == (State.QUEUED, "OSError")
    assert store.take_overdue() == []
    assert store.claim_next("you") is None, "what it stumbled over may last for a while"
    clock.move(30)
    assert ids(store.take_overdue()) == ["a"]
    job = store.claim_next("you")
    assert job is not None
    assert job.attempt == 2


def test_a_job_without_attempts_left_is_quarantined_by_the_next_claim(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    for attempt in range(3):
        assert store.claim_next(f"owner-{attempt}") is not None
        clock.move(61)
    assert store.claim_next("owner-4") is None
    job = known(store)
    assert (job.state, job.attempt, job.ended_at) == (State.FAILED, 3, clock.now)
    assert job.problem is not None
    assert job.problem.code == "QUARANTINED"
    assert "3 attempts" in job.problem.detail
    assert store.statistics().quarantined == 1


def test_a_job_that_was_to_be_cancelled_is_not_quarantined(store: JobStore, clock: Clock) -> None:
    store.accept(a_job(attempt=2))
    store.claim_next("me")
    store.cancel("a")
    clock.move(61)
    assert store.claim_next("you") is None
    job = known(store)
    assert (job.state, job.problem, job.ended_at) == (State.CANCELLED, None, clock.now)


def test_a_quarantined_job_tells_what_its_last_attempt_stumbled_over(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    for attempt in range(3):
        store.claim_next(f"owner-{attempt}")
        store.release("a", f"owner-{attempt}", "OSError")
        clock.move(30)
    assert store.claim_next("owner-4") is None
    problem = known(store).problem
    assert problem is not None
    assert "OSError" in problem.detail


def test_a_running_last_attempt_is_not_quarantined(store: JobStore, clock: Clock) -> None:
    store.accept(a_job(attempt=2))
    store.claim_next("me")
    assert store.claim_next("you") is None
    assert known(store).state is State.RUNNING


def test_a_waiting_job_is_cancelled_at_once(store: JobStore) -> None:
    store.accept(a_job())
    job = store.cancel("a")
    assert job is not None
    assert (job.state, job.ended_at) == (State.CANCELLED, START)
    assert store.claim_next("me") is None


def test_a_running_job_is_told_to_stop_by_its_next_beat(store: JobStore) -> None:
    store.accept(a_job())
    store.claim_next("me")
    job = store.cancel("a")
    assert job is not None
    assert (job.state, job.cancel_requested) == (State.RUNNING, True)
    assert store.beat("a", "me") == Beat(cancel_requested=True)


def test_an_ended_job_is_not_cancelled(store: JobStore) -> None:
    store.accept(a_job())
    store.claim_next("me")
    store.end("a", "me", DONE)
    before = known(store)
    assert store.cancel("a") == before
    assert store.cancel("b") is None


def test_a_job_nobody_claims_is_overdue_after_ever_longer_waits(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    sent = []
    for second in range(1, 300):
        clock.move(1)
        if store.take_overdue():
            sent.append(second)
    assert sent == [30, 60, 120, 240]


def test_a_running_job_is_overdue_when_its_lease_ran_out(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    clock.move(59)
    assert store.take_overdue() == []
    clock.move(1)
    assert ids(store.take_overdue()) == ["a"]
    assert store.take_overdue() == [], "handed out twice"


def test_a_lease_that_was_given_before_the_clock_was_put_back_does_not_count(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    clock.move(-7200)
    assert ids(store.take_overdue()) == ["a"]
    assert claimed(store) == "a"
    assert known(store).attempt == 2


def test_a_rest_that_was_given_before_the_clock_was_put_back_does_not_count(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    store.release("a", "me", "STORE_FAILED")
    assert store.claim_next("other") is None
    clock.move(-7200)
    assert claimed(store) == "a"


def test_a_clock_that_is_put_back_a_little_takes_no_job_from_its_owner(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    clock.move(-300)
    assert store.claim_next("other") is None
    assert store.beat("a", "me") is not None


def test_ended_jobs_are_never_overdue(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim_next("me")
    store.end("a", "me", DONE)
    clock.move(10_000)
    assert store.take_overdue() == []


def test_overdue_jobs_come_oldest_first_and_each_to_one_caller(store: JobStore, clock: Clock) -> None:
    for n in reversed(range(20)):
        store.accept(a_job(f"{n:02}", accepted_at=START + timedelta(seconds=n)))
    clock.move(100)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: store.take_overdue(), range(4)))
    assert sorted(job for part in taken for job in ids(part)) == [f"{n:02}" for n in range(20)]
    assert all(ids(part) == sorted(ids(part)) for part in taken)


def test_urgent_jobs_are_claimed_before_routine_ones_however_old(store: JobStore) -> None:
    store.accept(a_job("old"))
    store.accept(a_job("urgent", priority=Priority.URGENT, accepted_at=START + timedelta(hours=1)))
    assert [claimed(store), claimed(store)] == ["urgent", "old"]


def test_a_worker_of_one_queue_leaves_the_other_alone(store: JobStore) -> None:
    store.accept(a_job("routine"))
    assert store.claim_next("me", [Priority.URGENT]) is None
    store.accept(a_job("urgent", priority=Priority.URGENT))
    job = store.claim_next("me", [Priority.ROUTINE])
    assert job is not None
    assert job.id == "routine"


def test_a_tenant_with_many_jobs_does_not_keep_one_with_few_waiting(store: JobStore) -> None:
    for n in range(5):
        store.accept(a_job(f"many-{n}", tenant="many", accepted_at=START + timedelta(seconds=n)))
    for n in range(2):
        store.accept(a_job(f"few-{n}", tenant="few", accepted_at=START + timedelta(hours=1, seconds=n)))
    order = [claimed(store) for _ in range(7)]
    assert order == ["many-0", "few-0", "many-1", "few-1", "many-2", "many-3", "many-4"]


def test_turns_do_not_depend_on_the_clock(store: JobStore, clock: Clock) -> None:
    for tenant in ("one", "two"):
        for n in range(2):
            store.accept(a_job(f"{tenant}-{n}", tenant=tenant, accepted_at=START + timedelta(seconds=n)))
    assert claimed(store) == "one-0"
    clock.move(-300)
    assert [claimed(store), claimed(store), claimed(store)] == ["two-0", "one-1", "two-1"]


def test_a_lease_that_ran_out_waits_for_its_tenants_turn(store: JobStore, clock: Clock) -> None:
    store.accept(a_job("dead", tenant="one"))
    assert claimed(store) == "dead"
    store.accept(a_job("new", tenant="two", accepted_at=START + timedelta(seconds=1)))
    clock.move(61)
    assert [claimed(store), claimed(store)] == ["new", "dead"]


def test_jobs_that_must_not_be_begun_again_are_ended_on_the_way_to_the_next(store: JobStore, clock: Clock) -> None:
    store.accept(a_job("spent", attempt=3))
    store.accept(a_job("stopped", accepted_at=START + timedelta(seconds=1)))
    store.accept(a_job("good", accepted_at=START + timedelta(seconds=2), tenant="two"))
    assert claimed(store) == "stopped"
    store.cancel("stopped")
    clock.move(61)
    assert claimed(store) == "good"
    assert known(store, "spent").state is State.FAILED
    assert store.claim_next("me") is None
    assert (known(store, "stopped").state, known(store, "stopped").attempt) == (State.CANCELLED, 1)


def test_a_job_given_back_without_trouble_goes_on_at_once_and_has_lost_no_attempt(store: JobStore) -> None:
    store.accept(a_job())
    for n in range(5):
        job = store.claim_next(f"owner-{n}")
        assert job is not None, n
        assert job.attempt == n + 1, "results of two attempts must not share a place"
        assert store.release("a", f"owner-{n}", "")
        assert ids(store.take_overdue()) == ["a"]


def test_a_request_key_is_good_for_one_job_of_its_tenant(store: JobStore) -> None:
    first = a_job("a", tenant="t", request_key="k", request_digest="d")
    assert store.accept(first) == first
    assert store.accept(a_job("b", tenant="t", request_key="k", request_digest="e")) == first
    assert store.get("b") is None
    for other in (a_job("c", tenant="u", request_key="k"), a_job("d", tenant="t"), a_job("e", tenant="t")):
        assert store.accept(other) == other


def test_of_many_posts_of_one_request_at_once_one_job_comes(store: JobStore) -> None:
    requests = [a_job(str(n), tenant="t", request_key="k") for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        kept = set(ids(list(pool.map(store.accept, requests))))
    assert len(kept) == 1
    assert [job.id for job in requests if store.get(job.id)] == sorted(kept)
