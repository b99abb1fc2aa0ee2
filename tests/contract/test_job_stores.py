"""What every job store promises. The stores are told the time, so no test waits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pedcontour.errors import GantryTiltError, NothingDrawnError
from pedcontour.outputs import OutputStyle, RoiName, RoiNames
from pedcontour.verdicts import Outcome, Verdict
from service.jobs import Ending, Job, Options, Problem, Retries, State
from service.jobstore import Beat, JobStore, MemoryJobStore
from service.jobtable import open_job_table

START = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)
RETRIES = Retries(lease_s=60, max_attempts=3, resend_after_s=30)
VERDICT = Verdict("liver", Outcome.PRESENT, 501.25, 500.5, 0.93, "Drawn.")
PROVENANCE = {"input_sha256": "ab" * 32, "model": {"id": "model"}, "software": {"timings_s": {"read": 0.5}}}
DONE = Ending(State.DONE, None, (VERDICT,), ("A: b",), {"seg.dcm": "a/1/seg.dcm"}, PROVENANCE)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


STORES: dict[str, Callable[[Path, Clock], JobStore]] = {
    "memory": lambda _, clock: MemoryJobStore(RETRIES, clock),
    "sqlite": lambda folder, clock: open_job_table(f"sqlite:///{folder / 'data' / 'jobs.sqlite'}", RETRIES, clock),
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> JobStore:
    return STORES[request.param](tmp_path, clock)


def a_job(job_id: str = "a", **changes: object) -> Job:
    job = Job(job_id, Options("model"), START, START + timedelta(seconds=30))
    return replace(job, **changes)  # type: ignore[arg-type]


def known(store: JobStore, job_id: str = "a") -> Job:
    job = store.get(job_id)
    assert job is not None
    return job


def test_a_job_is_kept_as_it_was_accepted(store: JobStore) -> None:
    style = OutputStyle(holes="keyhole", names=RoiNames("ours", "Ours", {"liver": RoiName("Leber", (1, 2, 3))}))
    options = Options("model", ("liver", "spleen"), ("kidney_left",), "1.2.3", style.as_data())
    job = a_job(options=options, tenant="t", upload_files=3, upload_bytes=2**40)
    store.accept(job)
    assert store.get("a") == job
    assert store.get("b") is None


def test_a_claim_makes_the_job_run_and_counts(store: JobStore) -> None:
    store.accept(a_job())
    job = store.claim("a", "me")
    assert job is not None
    assert (job.state, job.owner, job.attempt) == (State.RUNNING, "me", 1)
    assert job.lease_until == START + timedelta(seconds=60)
    assert known(store) == job


def test_a_message_that_comes_twice_is_claimed_once(store: JobStore) -> None:
    store.accept(a_job())
    assert store.claim("a", "me") is not None
    assert store.claim("a", "you") is None
    assert known(store).attempt == 1


def test_a_job_that_is_not_there_cannot_be_claimed(store: JobStore) -> None:
    assert store.claim("a", "me") is None


def test_of_many_claims_at_once_one_succeeds(store: JobStore) -> None:
    for n in range(10):
        store.accept(a_job(str(n)))
    with ThreadPoolExecutor(8) as pool:
        claims = [(str(n % 10), f"owner-{n}") for n in range(80)]
        won = [job.id for job in pool.map(lambda claim: store.claim(*claim), claims) if job is not None]
    assert sorted(won) == [str(n) for n in range(10)]


def test_a_lease_that_ran_out_can_be_claimed_by_another(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    clock.move(59.9)
    assert store.claim("a", "you") is None
    clock.move(0.1)
    job = store.claim("a", "you")
    assert job is not None
    assert (job.owner, job.attempt) == ("you", 2)


def test_a_former_owner_changes_nothing(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    clock.move(60)
    now = store.claim("a", "you")
    assert store.beat("a", "me", "segment", 0.9) is None
    assert not store.end("a", "me", DONE)
    assert not store.release("a", "me", "OSError")
    assert known(store) == now


def test_a_beat_renews_the_lease_and_tells_stage_and_progress(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    clock.move(50)
    assert store.beat("a", "me", "segment", 0.5) == Beat(cancel_requested=False)
    clock.move(50)
    assert store.beat("a", "me") == Beat(cancel_requested=False)
    job = known(store)
    assert (job.stage, job.progress, job.lease_until) == ("segment", 0.5, START + timedelta(seconds=160))


def test_an_owner_whose_lease_ran_out_keeps_the_job_while_nobody_else_took_it(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    clock.move(600)
    assert store.beat("a", "me") is not None
    assert store.claim("a", "you") is None


def test_a_new_attempt_begins_from_the_start(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    store.beat("a", "me", "write", 0.9)
    clock.move(61)
    job = store.claim("a", "you")
    assert job is not None
    assert (job.stage, job.progress, job.started_at) == ("", 0.0, START + timedelta(seconds=61))


def test_a_done_job_keeps_its_results_and_ends_once(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    clock.move(5)
    assert store.end("a", "me", DONE)
    job = known(store)
    assert (job.state, job.progress, job.ended_at) == (State.DONE, 1.0, START + timedelta(seconds=5))
    assert (job.verdicts, job.warnings, job.results) == ((VERDICT,), ("A: b",), {"seg.dcm": "a/1/seg.dcm"})
    assert job.provenance == PROVENANCE
    assert (job.owner, job.lease_until) == (None, None)
    assert not store.end("a", "me", Ending(State.FAILED))
    assert store.claim("a", "you") is None
    assert known(store) == job


def test_a_failed_job_keeps_its_problem(store: JobStore) -> None:
    problem = Problem.of(GantryTiltError("14 degrees", instance_uids=("1.2", "1.3")))
    store.accept(a_job())
    store.claim("a", "me")
    store.beat("a", "me", "read", 0.25)
    assert store.end("a", "me", Ending(State.FAILED, problem))
    assert known(store).problem == problem
    assert known(store).progress == 0.25


def test_a_job_that_drew_nothing_keeps_its_verdicts_beside_its_problem(store: JobStore) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    assert store.end("a", "me", Ending(State.FAILED, Problem.of(NothingDrawnError()), (VERDICT,), ("A: b",)))
    assert (known(store).verdicts, known(store).warnings) == ((VERDICT,), ("A: b",))


def test_a_released_job_waits_and_is_claimed_again(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    assert store.release("a", "me", "OSError")
    assert (known(store).state, known(store).trouble) == (State.QUEUED, "OSError")
    assert store.take_overdue() == []
    clock.move(30)
    assert store.take_overdue() == ["a"]
    job = store.claim("a", "you")
    assert job is not None
    assert job.attempt == 2


def test_a_job_without_attempts_left_is_quarantined_by_the_next_claim(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    for attempt in range(3):
        assert store.claim("a", f"owner-{attempt}") is not None
        clock.move(61)
    assert store.claim("a", "owner-4") is None
    job = known(store)
    assert (job.state, job.attempt, job.ended_at) == (State.FAILED, 3, clock.now)
    assert job.problem is not None
    assert job.problem.code == "QUARANTINED"
    assert "3 attempts" in job.problem.detail


def test_a_job_that_was_to_be_cancelled_is_not_quarantined(store: JobStore, clock: Clock) -> None:
    store.accept(a_job(attempt=2))
    store.claim("a", "me")
    store.cancel("a")
    clock.move(61)
    assert store.claim("a", "you") is None
    job = known(store)
    assert (job.state, job.problem, job.ended_at) == (State.CANCELLED, None, clock.now)


def test_a_quarantined_job_tells_what_its_last_attempt_stumbled_over(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    for attempt in range(3):
        store.claim("a", f"owner-{attempt}")
        store.release("a", f"owner-{attempt}", "OSError")
    assert store.claim("a", "owner-4") is None
    problem = known(store).problem
    assert problem is not None
    assert "OSError" in problem.detail


def test_a_running_last_attempt_is_not_quarantined(store: JobStore, clock: Clock) -> None:
    store.accept(a_job(attempt=2))
    store.claim("a", "me")
    assert store.claim("a", "you") is None
    assert known(store).state is State.RUNNING


def test_a_waiting_job_is_cancelled_at_once(store: JobStore) -> None:
    store.accept(a_job())
    job = store.cancel("a")
    assert job is not None
    assert (job.state, job.ended_at) == (State.CANCELLED, START)
    assert store.claim("a", "me") is None


def test_a_running_job_is_told_to_stop_by_its_next_beat(store: JobStore) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    job = store.cancel("a")
    assert job is not None
    assert (job.state, job.cancel_requested) == (State.RUNNING, True)
    assert store.beat("a", "me") == Beat(cancel_requested=True)


def test_an_ended_job_is_not_cancelled(store: JobStore) -> None:
    store.accept(a_job())
    store.claim("a", "me")
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
    store.claim("a", "me")
    clock.move(59)
    assert store.take_overdue() == []
    clock.move(1)
    assert store.take_overdue() == ["a"]
    assert store.take_overdue() == [], "handed out twice"


def test_ended_jobs_are_never_overdue(store: JobStore, clock: Clock) -> None:
    store.accept(a_job())
    store.claim("a", "me")
    store.end("a", "me", DONE)
    clock.move(10_000)
    assert store.take_overdue() == []


def test_overdue_jobs_come_oldest_first_and_each_to_one_caller(store: JobStore, clock: Clock) -> None:
    for n in reversed(range(20)):
        store.accept(a_job(f"{n:02}", accepted_at=START + timedelta(seconds=n)))
    clock.move(100)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: store.take_overdue(), range(4)))
    assert sorted(job for part in taken for job in part) == [f"{n:02}" for n in range(20)]
    assert all(part == sorted(part) for part in taken)


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


def test_statistics_count_states_and_waits(store: JobStore, clock: Clock) -> None:
    assert store.statistics().by_state == dict.fromkeys(State, 0)
    for n in range(4):
        store.accept(a_job(str(n), accepted_at=START + timedelta(seconds=n)))
    for n, seconds in ((0, 4.0), (1, 40.0)):
        store.claim(str(n), "me")
        clock.move(seconds)
        store.end(str(n), "me", DONE)
    store.claim("2", "me")
    figures = store.statistics()
    assert figures.by_state == dict.fromkeys(State, 0) | {State.QUEUED: 1, State.RUNNING: 1, State.DONE: 2}
    assert figures.oldest_waiting_since == START + timedelta(seconds=3)
    assert figures.last_claim_at == START + timedelta(seconds=44)
    assert (figures.quarantined, figures.expired_leases) == (0, 0)
    clock.move(61)
    assert store.statistics().expired_leases == 1
    for n in range(2):
        store.claim("2", f"owner-{n}")
        clock.move(61)
    store.claim("2", "the last")
    assert (store.statistics().quarantined, store.statistics().expired_leases) == (1, 0)


def test_a_store_that_works_says_so(store: JobStore) -> None:
    store.check()
