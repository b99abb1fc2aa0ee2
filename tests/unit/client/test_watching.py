"""Events of a job over a real connection, and what becomes of a watch when that breaks."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from pedcontour import errors
from pedcontour.client import Client, JobEvent, RemoteJob, watching
from service.jobs import Ending, State
from tests.unit.client.conftest import InProcess, served
from tests.unit.service.gateway.conftest import KEY, Gateway


@pytest.fixture
def listening(address: str) -> Iterator[Client]:
    """A client that events reach."""
    with Client(address, KEY) as client:
        yield client


@pytest.fixture
def job_id(client: Client, series: Path) -> str:
    return client.submit(series).id


class Asked(httpx.BaseTransport):
    """Passes requests on and counts them, by what they ask for."""

    def __init__(self) -> None:
        self._way = httpx.HTTPTransport()
        self.events = self.looks = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            self.events += 1
        else:
            self.looks += 1
        return self._way.handle_request(request)

    def close(self) -> None:
        self._way.close()


def work(gateway: Gateway, job_id: str, tmp_path: Path) -> Iterator[Callable[[], object]]:
    """What a worker does to a job, a step each time one is asked for."""
    yield lambda: gateway.jobs.claim_next("w")
    yield lambda: gateway.jobs.beat(job_id, "w", "segment", 0.5)
    yield lambda: (gateway.jobs.release(job_id, "w", ""), gateway.finish(job_id, tmp_path))


def test_events_tell_how_a_job_stands_and_every_change_until_its_end(
    listening: Client, gateway: Gateway, job_id: str, tmp_path: Path
) -> None:
    steps, told = work(gateway, job_id, tmp_path), []
    for event in listening.events(job_id):
        told.append(event)
        if not event.has_ended:
            next(steps)()
    assert told == [
        JobEvent("queued", "", 0.0, 0),
        JobEvent("running", "", 0.0, 1),
        JobEvent("running", "segment", 0.5, 1),
        JobEvent("done", "", 1.0, 2),
    ]


def test_wait_listens_instead_of_asking_again_and_again(
    address: str, gateway: Gateway, job_id: str, tmp_path: Path
) -> None:
    steps, seen, asked = work(gateway, job_id, tmp_path), list[RemoteJob](), Asked()

    def watch(job: RemoteJob) -> None:
        seen.append(job)
        if not job.has_ended:
            next(steps)()

    with Client(address, KEY, transport=asked) as client:
        done = client.wait(job_id, watch)
    assert [job.state for job in seen] == ["queued", "running", "running", "done"]
    assert set(done.results) == {"rtstruct.dcm", "seg.dcm", "report.json", "preview.png"}
    assert (asked.events, asked.looks) == (1, 2)


def test_where_events_are_held_back_a_job_is_asked_for(
    client: Client, gateway: Gateway, job_id: str, tmp_path: Path
) -> None:
    steps, told = work(gateway, job_id, tmp_path), []
    for event in client.events(job_id):
        told.append((event.state, event.progress))
        if not event.has_ended:
            next(steps)()
    assert told == [("queued", 0.0), ("running", 0.0), ("running", 0.5), ("done", 1.0)]


def test_a_stream_that_falls_silent_is_opened_anew(
    address: str, gateway: Gateway, job_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LISTEN_S", 0.3)
    asked = Asked()
    with Client(address, KEY, transport=asked) as client:
        threading.Timer(1.0, gateway.finish, (job_id, tmp_path)).start()
        assert client.wait(job_id, timeout_s=20).state == "done"
    assert asked.events >= 2


def test_a_watch_outlasts_a_restart_of_the_service(gateway: Gateway, job_id: str, tmp_path: Path) -> None:
    told: list[str] = []

    def watch() -> None:
        with Client(address, KEY) as client:
            told.extend(event.state for event in client.events(job_id))

    with served(gateway) as address:
        watcher = threading.Thread(target=watch)
        watcher.start()
        time.sleep(0.3)
    gateway.finish(job_id, tmp_path)  # while nobody answers
    gateway.parts.closing.clear()
    with served(gateway, int(address.rpartition(":")[2])):
        watcher.join(20)
    assert told == ["queued", "done"]


def test_a_job_that_is_erased_while_it_is_watched_is_unknown(listening: Client, gateway: Gateway, job_id: str) -> None:
    events = listening.events(job_id)
    assert next(events).state == "queued"
    gateway.jobs.erase(job_id)
    with pytest.raises(errors.JobNotFoundError):
        next(events)


def test_an_unknown_job_has_no_events(listening: Client) -> None:
    with pytest.raises(errors.JobNotFoundError):
        next(listening.events("none"))


def test_waiting_ends_in_time_also_on_a_stream(listening: Client, job_id: str) -> None:
    began = time.monotonic()
    with pytest.raises(errors.JobFailedError):
        listening.wait(job_id, timeout_s=0.5)
    assert time.monotonic() - began < watching.LISTEN_S


def test_a_failed_job_raises_its_error_from_a_stream(listening: Client, gateway: Gateway, job_id: str) -> None:
    gateway.jobs.claim_next("w")
    threading.Timer(0.3, gateway.jobs.end, (job_id, "w", Ending(State.FAILED))).start()
    with pytest.raises(errors.JobFailedError):
        listening.wait(job_id)


@pytest.mark.parametrize(
    "stream",
    [
        httpx.Response(200, headers={"content-type": "text/html"}, text="<html>a portal</html>"),
        httpx.Response(200, headers={"content-type": "text/event-stream"}, text="event: progress\ndata: [1]\n\n"),
        httpx.Response(200, headers={"content-type": "text/event-stream"}, text="event: news\ndata: {}\n\n: x\n"),
        httpx.Response(504, text="<html>too long</html>"),
    ],
)
def test_what_is_no_stream_of_the_service_does_not_end_a_watch(
    gateway: Gateway, job_id: str, tmp_path: Path, stream: httpx.Response
) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/events"):
            return InProcess(gateway.http).handle_request(request)
        gateway.finish(job_id, tmp_path)
        return stream

    with Client("http://testserver", KEY, transport=httpx.MockTransport(respond)) as client:
        assert client.wait(job_id, timeout_s=20).state == "done"
