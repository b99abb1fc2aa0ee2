"""Server-sent events of a job."""

import json
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from pedcontour.errors import JobTableError
from service.gateway.admission import Admission, AdmissionLimits
from service.gateway.app import create_app
from service.jobs import Ending, State
from tests.served_app import served
from tests.unit.service.gateway.conftest import KEY, OTHER_KEY, Gateway


@pytest.fixture
def job_id(gateway: Gateway) -> str:
    return str(gateway.http.post("/v1/jobs", files={"f": ("a", b"x")}).json()["id"])


def events(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        yield fields["event"], json.loads(fields["data"])


def watched(gateway: Gateway, job_id: str, *steps: Callable[[], object]) -> list[tuple[str, dict[str, Any]]]:
    """What a client is told while ``steps`` happen one after the other, each before the next look at the table."""
    look = gateway.jobs.standings
    waiting = list(steps)

    def looked(job_ids: Collection[str]) -> Any:
        if waiting:
            waiting.pop(0)()
        return look(job_ids)

    gateway.jobs.standings = looked  # type: ignore[method-assign]
    answer = gateway.http.get(f"/v1/jobs/{job_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    return list(events(answer.text))


def test_an_ended_job_is_told_at_once_and_the_stream_ends(gateway: Gateway, job_id: str, tmp_path: Path) -> None:
    gateway.finish(job_id, tmp_path)
    assert watched(gateway, job_id) == [("end", {"state": "done", "stage": "", "progress": 1.0, "attempt": 1})]


def test_every_change_is_told_until_the_end(gateway: Gateway, job_id: str) -> None:
    told = watched(
        gateway,
        job_id,
        lambda: gateway.jobs.claim_next("w"),
        lambda: gateway.jobs.beat(job_id, "w", "segment", 0.5),
        lambda: None,
        lambda: gateway.jobs.end(job_id, "w", Ending(State.FAILED)),
    )
    assert [(name, data["state"], data["stage"], data["progress"]) for name, data in told] == [
        ("progress", "queued", "", 0.0),
        ("progress", "running", "", 0.0),
        ("progress", "running", "segment", 0.5),
        ("end", "failed", "segment", 0.5),
    ]


def test_a_job_that_is_erased_meanwhile_is_told_as_gone(gateway: Gateway, job_id: str) -> None:
    told = watched(gateway, job_id, lambda: gateway.jobs.erase(job_id))
    assert [name for name, _ in told] == ["progress", "gone"]


def test_a_gateway_that_stops_ends_the_stream(gateway: Gateway, job_id: str) -> None:
    told = watched(gateway, job_id, gateway.parts.closing.set)
    assert [name for name, _ in told] == ["progress"]


def test_a_table_that_does_not_answer_ends_the_stream(gateway: Gateway, job_id: str) -> None:
    def broken() -> None:
        raise JobTableError

    assert [name for name, _ in watched(gateway, job_id, broken)] == ["progress"]


def test_an_unknown_job_has_no_events(gateway: Gateway) -> None:
    answer = gateway.http.get("/v1/jobs/x/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "JOB_NOT_FOUND")


def test_a_key_has_so_many_streams_open_and_a_closed_one_makes_room(keyed: Gateway) -> None:
    admission = Admission(AdmissionLimits(max_streams_of_tenant=2))
    with served(create_app(replace(keyed.parts, admission=admission))) as address:
        mine = httpx.Client(base_url=address, headers={"X-API-Key": KEY})
        theirs = httpx.Client(base_url=address, headers={"X-API-Key": OTHER_KEY})
        with mine, theirs, ExitStack() as first, ExitStack() as second:
            path, other = (f"{_sent(client)}/events" for client in (mine, theirs))
            for stack in (first, second):
                assert stack.enter_context(mine.stream("GET", path)).status_code == 200
            refused = mine.get(path)
            assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_STREAMS")
            assert int(refused.headers["retry-after"]) > 0
            with theirs.stream("GET", other) as answer:
                assert answer.status_code == 200
            first.close()
            _wait_until_open(mine, path)
            keyed.parts.closing.set()


def _sent(client: httpx.Client) -> str:
    return str(client.post("/v1/jobs", files={"f": ("a", b"x")}).headers["location"])


def _wait_until_open(client: httpx.Client, path: str) -> None:
    ends = time.monotonic() + 10
    while True:  # the service learns that a client left when it next tells it something
        with client.stream("GET", path) as answer:
            if answer.status_code == 200:
                return
        assert time.monotonic() < ends, "the place was not given back"
        time.sleep(0.05)
