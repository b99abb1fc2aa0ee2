from datetime import UTC, datetime, timedelta

import pytest

from pedcontour.errors import GantryTiltError
from service import jobs
from service.jobs import Ending, Job, Options, Problem, Retries, State
from service.jobstore import Backlog

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RETRIES = Retries()
JOB = Job("a", Options("model"), NOW, NOW)


@pytest.mark.parametrize("state", sorted(jobs.ENDED))
def test_an_ended_job_is_never_free(state: State) -> None:
    job = jobs.ended(jobs.claimed(JOB, "me", NOW, RETRIES), Ending(state), NOW)
    assert not jobs.is_free(job, NOW + timedelta(days=1), jobs.DEFAULT_RETRIES)
    assert not jobs.is_owned_by(job, "me")


def test_a_problem_keeps_code_advice_detail_and_uids_of_its_error() -> None:
    problem = Problem.of(GantryTiltError("14 degrees", instance_uids=["1.2"]))
    assert (problem.code, problem.detail, problem.instance_uids) == ("GANTRY_TILT", "14 degrees", ("1.2",))
    assert problem.advice.endswith(".")


def test_waits_double_and_then_stay() -> None:
    waits = [jobs.resend_wait(sends, RETRIES).total_seconds() for sends in range(9)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 1920, 1920]


def test_only_a_done_job_has_come_to_its_full_progress() -> None:
    running = jobs.beaten(jobs.claimed(JOB, "me", NOW, RETRIES), NOW, RETRIES, "segment", 0.4)
    assert jobs.ended(running, Ending(State.FAILED), NOW).progress == 0.4
    assert jobs.ended(running, Ending(State.DONE), NOW).progress == 1.0


@pytest.mark.parametrize(
    ("backlog", "stalled"),
    [
        (Backlog(), False),
        (Backlog(waiting=1, free_since=NOW), True),
        (Backlog(waiting=1, free_since=NOW, last_claim_at=NOW), True),
        (Backlog(waiting=1, free_since=NOW + timedelta(seconds=1)), False),
        (Backlog(waiting=1, free_since=NOW, last_claim_at=NOW + timedelta(seconds=1)), False),
        (Backlog(waiting=1, running=1, free_since=NOW, last_claim_at=NOW), False),
    ],
    ids=["nothing waits", "never claimed", "not claimed", "just come", "just claimed", "busy"],
)
def test_consumption_is_stalled_when_a_job_waits_and_nobody_begins_or_runs_one(backlog: Backlog, stalled: bool) -> None:
    assert backlog.is_stalled(NOW + timedelta(seconds=60), 60) is stalled
