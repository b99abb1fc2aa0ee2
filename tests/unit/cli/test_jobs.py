"""`pedcontour jobs`, against the real gateway over a real connection; the worker's part is done by hand."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pedcontour.client import Client
from pedcontour.errors import GantryTiltError
from service.jobs import Ending, Job, Options, Problem, State
from tests.stand_ins.model import write_stand_in_model
from tests.unit.cli.conftest import Program
from tests.unit.client.conftest import served
from tests.unit.service.gateway.conftest import KEY, Gateway, make_gateway

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
IDS = [f"{n:08x}-52f5-4a55-8d0f-2f6f7f6a9f10" for n in range(4)]


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("PEDCONTOUR_API_KEY", KEY)
    write_stand_in_model(tmp_path / "models")
    gateway = make_gateway(tmp_path, KEY)
    with gateway.http:
        yield gateway


@pytest.fixture
def url(gateway: Gateway) -> Iterator[str]:
    with served(gateway) as url:
        yield url


@pytest.fixture
def ids(gateway: Gateway) -> list[str]:
    """Jobs a day apart, the newest first; the oldest failed."""
    principal = gateway.parts.keys.principal(KEY)
    assert principal is not None
    for n, job_id in enumerate(IDS):
        accepted = START + timedelta(days=n)
        gateway.jobs.accept(Job(job_id, Options("stand-in"), accepted, accepted, principal.tenant))
        if n == 0:
            gateway.jobs.claim_next("w")
            gateway.jobs.end(job_id, "w", Ending(State.FAILED, Problem.of(GantryTiltError("14 degrees"))))
    return IDS[::-1]


@pytest.fixture
def job_id(url: str, tmp_path: Path) -> str:
    (tmp_path / "slice.dcm").write_bytes(b"a slice")
    with Client(url, KEY) as client:
        return client.submit([tmp_path / "slice.dcm"]).id


def test_jobs_are_listed_the_newest_first_with_what_stopped_them(program: Program, url: str, ids: list[str]) -> None:
    result = program("jobs", "list", "--url", url)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ids
    assert "GANTRY_TILT" in lines[-1] and "failed" in lines[-1]


def test_a_list_is_cut_and_says_so(program: Program, url: str, ids: list[str]) -> None:
    cut = program("jobs", "list", "--url", url, "--limit", 3)
    assert "more than 3" in cut.stderr and ids[3] not in cut.stdout
    assert "more than" not in program("jobs", "list", "--url", url, "--limit", 4).stderr
    listed = program.json("jobs", "list", "--url", url, "--limit", 2)
    assert ([job["id"] for job in listed["jobs"]], listed["more"]) == (ids[:2], True)


def test_a_list_is_filtered_by_state_and_time(program: Program, url: str, ids: list[str]) -> None:
    def listed(*options: object) -> list[str]:
        return [job["id"] for job in program.json("jobs", "list", "--url", url, *options)["jobs"]]

    assert listed("--state", "failed,cancelled") == [ids[3]]
    assert listed("--state", "queued", "-s", "failed") == ids
    assert listed("--since", "2026-03-02", "--until", "2026-03-04T00:00") == ids[1:3]
    assert "no such jobs" in program("jobs", "list", "--url", url, "--state", "running").stdout
    refused = program("jobs", "list", "--url", url, "--state", "lost")
    assert (refused.exit_code, "REQUEST_INVALID" in refused.stderr) == (2, True)


def test_a_watched_job_ends_with_its_verdicts_or_its_error(
    program: Program, url: str, gateway: Gateway, job_id: str, tmp_path: Path
) -> None:
    threading.Timer(0.5, gateway.finish, (job_id, tmp_path)).start()
    watched = program("jobs", "watch", job_id, "--url", url)
    assert watched.exit_code == 0, watched.output
    assert f"pedcontour jobs fetch {job_id}" in " ".join(watched.stdout.split())
    told = program.json("jobs", "watch", job_id, "--url", url)
    assert (told["state"], told["progress"], len(told["results"])) == ("done", 1.0, 4)


def test_watching_a_failed_job_tells_its_error(program: Program, url: str, ids: list[str]) -> None:
    failed = program("jobs", "watch", ids[3], "--url", url)
    assert failed.exit_code == 2
    assert "GANTRY_TILT" in failed.stderr and "14 degrees" in failed.stderr


def test_an_interrupted_watch_leaves_the_job_alone(
    program: Program, url: str, gateway: Gateway, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "wait", interrupted)
    result = program("jobs", "watch", job_id, "--url", url)
    assert (result.exit_code, "goes on" in result.stderr) == (130, True)
    kept = gateway.jobs.get(job_id)
    assert kept is not None and not kept.cancel_requested


def test_results_are_fetched_whole_into_a_new_folder(
    program: Program, url: str, gateway: Gateway, job_id: str, tmp_path: Path
) -> None:
    early = program("jobs", "fetch", job_id, "--out", tmp_path / "result", "--url", url)
    assert "RESULT_NOT_READY" in early.stderr and not (tmp_path / "result").exists()
    gateway.finish(job_id, tmp_path)
    fetched = program.json("jobs", "fetch", job_id, "--out", tmp_path / "result", "--url", url)
    assert sorted(fetched["files"]) == sorted(path.name for path in (tmp_path / "result").iterdir())
    again = program("jobs", "fetch", job_id, "--out", tmp_path / "result", "--url", url)
    assert (again.exit_code, "OUTPUT_FOLDER_NOT_EMPTY" in again.stderr) == (2, True)


def test_a_job_is_cancelled_and_erased(program: Program, url: str, gateway: Gateway, job_id: str) -> None:
    assert "cancelled" in program("jobs", "cancel", job_id, "--url", url).stdout
    assert program.json("jobs", "cancel", job_id, "--url", url)["state"] == "cancelled"
    assert "erased" in program("jobs", "erase", job_id, "--url", url).stdout
    assert gateway.jobs.get(job_id) is None
    gone = program("jobs", "erase", job_id, "--url", url)
    assert gone.exit_code != 0 and "JOB_NOT_FOUND" in gone.stderr


def test_a_running_job_is_said_to_be_stopping(program: Program, url: str, gateway: Gateway, job_id: str) -> None:
    gateway.jobs.claim_next("w")
    assert "stopping" in program("jobs", "cancel", job_id, "--url", url).stdout
