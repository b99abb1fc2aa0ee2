"""Listing jobs with the client."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from pedcontour import errors
from pedcontour.client import Client
from service.jobs import Job, Options
from tests.unit.client.conftest import InProcess
from tests.unit.service.gateway.conftest import KEY, Gateway

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def ids(gateway: Gateway) -> list[str]:
    """Seven jobs of the key, a minute apart, the newest first, and one of somebody else."""
    principal = gateway.parts.keys.principal(KEY)
    assert principal is not None
    ids = [f"{n:08x}-52f5-4a55-8d0f-2f6f7f6a9f10" for n in range(7)]
    for n, job_id in enumerate(ids):
        accepted = START + timedelta(minutes=n)
        gateway.jobs.accept(Job(job_id, Options("stand-in"), accepted, accepted, principal.tenant))
    gateway.jobs.accept(Job("f" * 8 + ids[0][8:], Options("stand-in"), START, START, "somebody else"))
    return ids[::-1]


def test_every_job_is_listed_once_over_all_pages(client: Client, ids: list[str]) -> None:
    assert [job.id for job in client.jobs(page_size=3)] == ids
    assert [job.id for job in client.jobs()] == ids


def test_a_page_is_asked_for_when_it_is_reached(gateway: Gateway, ids: list[str]) -> None:
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query.decode())
        return InProcess(gateway.http).handle_request(request)

    with Client("http://testserver", KEY, transport=httpx.MockTransport(respond)) as client:
        jobs = client.jobs(page_size=2)
        assert asked == []
        assert [next(jobs).id, next(jobs).id] == ids[:2]
        assert len(asked) == 1
        assert next(jobs).id == ids[2]
        assert len(asked) == 2


def test_jobs_are_found_by_state_and_time(client: Client, ids: list[str]) -> None:
    client.cancel(ids[1])
    assert [job.id for job in client.jobs(states=["cancelled"])] == [ids[1]]
    found = client.jobs(
        states=["queued", "failed"], since=START + timedelta(minutes=3), until=START + timedelta(minutes=6), page_size=1
    )
    assert [job.id for job in found] == ids[2:4]


def test_a_listed_job_tells_when_it_was_accepted_and_how_it_stands(client: Client, ids: list[str]) -> None:
    job = next(client.jobs())
    assert (job.accepted_at, job.ended_at) == (START + timedelta(minutes=6), None)
    assert (job.state, job.priority, job.attempt) == ("queued", "routine", 0)


@pytest.mark.parametrize("wrong", [{"states": ["gone"]}, {"since": datetime(2026, 3, 1)}, {"page_size": 0}])
def test_a_filter_that_does_not_fit_is_refused(client: Client, wrong: dict[str, object]) -> None:
    with pytest.raises(errors.RequestError):
        list(client.jobs(**wrong))  # type: ignore[arg-type]


def test_the_key_is_not_sent_where_a_page_points_to(gateway: Gateway, ids: list[str], tmp_path: Path) -> None:
    hosts: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        answer = InProcess(gateway.http).handle_request(request).json()
        elsewhere = f"https://elsewhere.example{answer['next']}" if answer["next"] else None
        return httpx.Response(200, json=answer | {"next": elsewhere})

    with Client("http://testserver", KEY, transport=httpx.MockTransport(respond)) as client:
        assert [job.id for job in client.jobs(page_size=4)] == ids
    assert hosts == ["testserver", "testserver"]
