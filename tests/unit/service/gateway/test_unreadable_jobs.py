"""A job that another version of the service wrote, as the gateway tells of it: never as an error of its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pedcontour.verdicts import Outcome, Verdict
from service.jobs import Ending, Job, Options, State
from service.jobstore import MemoryJobStore
from tests.unit.service.gateway.conftest import Gateway, make_gateway

LONG_AGO = datetime(2026, 3, 1, tzinfo=UTC)
BAD, GOOD = (f"{n:08x}-52f5-4a55-8d0f-2f6f7f6a9f10" for n in range(2))
PATH = f"/v1/jobs/{BAD}"


@pytest.fixture
def with_bad(gateway: Gateway) -> Gateway:
    gateway.jobs.accept(Job(BAD, Options(""), LONG_AGO, LONG_AGO, is_readable=False))
    gateway.jobs.accept(Job(GOOD, Options("model"), LONG_AGO + timedelta(seconds=1), LONG_AGO))
    return gateway


def test_it_is_shown_with_its_state_and_a_problem_alone_and_in_a_list(with_bad: Gateway) -> None:
    told = with_bad.http.get(PATH).json()
    assert (told["state"], told["problem"]["code"]) == ("queued", "JOB_UNREADABLE")
    listed = with_bad.http.get("/v1/jobs").json()["jobs"]
    assert [(job["id"], job["problem"] is None) for job in listed] == [(GOOD, True), (BAD, False)]


def test_it_can_be_cancelled_and_erased(with_bad: Gateway) -> None:
    assert with_bad.http.post(f"{PATH}/cancel").json()["state"] == "cancelled"
    assert with_bad.http.delete(PATH).status_code == 204
    assert with_bad.http.get(PATH).status_code == 404


def test_it_shows_in_the_figures_and_once_it_waits_long_in_readiness_which_stays_green(
    tmp_path: Path, models: None
) -> None:
    now = [LONG_AGO]
    jobs = MemoryJobStore(clock=lambda: now[0])
    http = make_gateway(tmp_path, jobs=jobs, clock=jobs.now).http
    jobs.accept(Job(BAD, Options(""), LONG_AGO, LONG_AGO, is_readable=False))
    seen = []
    for minutes in (0, 1, 5):
        now[0] = LONG_AGO + timedelta(minutes=minutes)
        jobs.worker_seen("w")
        assert jobs.claim_next("w") is None
        seen.append(http.get("/health/ready").json().get("checks", {}).get("jobs"))
    assert seen == ["ok", "ok", "unreadable"]
    assert "pedcontour_jobs_unreadable 1.0" in http.get("/metrics").text


@pytest.mark.parametrize(
    "end",
    [
        {"verdicts": (Verdict("antenna", Outcome.PRESENT, 1.0, 1.0, 0.9, "Drawn."),)},
        {"provenance": {"input_sha256": "ab" * 32, "model": {}, "software": {}, "weather": "fair"}},
    ],
    ids=["an organ", "a fact"],
)
def test_an_end_with_something_unknown_is_shown_without_it_and_says_so(gateway: Gateway, end: dict[str, Any]) -> None:
    gateway.jobs.accept(Job(BAD, Options("model"), LONG_AGO, LONG_AGO))
    gateway.jobs.claim_next("w")
    gateway.jobs.end(BAD, "w", Ending(State.DONE, results={"seg.dcm": f"{BAD}/1/seg.dcm"}, **end))
    told = gateway.http.get(PATH).json()
    assert (told["state"], told["model"], told["problem"]["code"]) == ("done", "model", "JOB_UNREADABLE")
    assert [result["name"] for result in told["results"]] == ["seg.dcm"]
