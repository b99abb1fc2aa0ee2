"""`pedcontour federation simulate`: processes that share a store alone, of each kind; stopped, and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.s3_server import KEY_ID, SECRET, S3Bucket
from tests.toy_run import TOY, ToyRun
from tests.webdav_server import PASSWORD, USER

pytestmark = pytest.mark.slow

Place = tuple[str | None, Mapping[str, str]]
"""The address of a store, and what the environment must hold to open it."""


def _s3(request: pytest.FixtureRequest) -> Place:
    bucket: S3Bucket = request.getfixturevalue("s3_bucket")
    environment = {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "PEDCONTOUR_FEDERATION_ENDPOINT": bucket.endpoint,
    }
    return f"s3://{bucket.name}/federation", environment


def _webdav(request: pytest.FixtureRequest) -> Place:
    environment = {"PEDCONTOUR_FEDERATION_WEBDAV_USER": USER, "PEDCONTOUR_FEDERATION_WEBDAV_PASSWORD": PASSWORD}
    return request.getfixturevalue("webdav_url"), environment


PLACES: dict[str, Callable[[pytest.FixtureRequest], Place]] = {
    "folder": lambda _: (None, {}),
    "s3": _s3,
    "webdav": _webdav,
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "liver": 1, "spleen": 2}}))
    return folder


def _simulation(folder: Path, data: Path, *more: object) -> list[str]:
    given = ("--data", data, "--data", data, "--trainer", TOY)
    command = (sys.executable, "-m", "pedcontour", "federation", "simulate", "--folder", folder, *given, *more)
    return [str(part) for part in command]


@pytest.mark.parametrize("place", PLACES)
def test_two_processes_end_at_one_model_over_every_kind_of_store(
    place: str, tmp_path: Path, data: Path, request: pytest.FixtureRequest
) -> None:
    address, environment = PLACES[place](request)
    command = _simulation(tmp_path / "run", data, "--json", *(("--store", address) if address else ()))
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["sites"] == ["site-1", "site-2"] and told["rounds"] == 3
    provenance = json.loads((tmp_path / "run" / "models" / "federated" / "provenance.json").read_text())
    assert provenance["model"] == told["model"]
    assert ToyRun(tmp_path / "other").expected() == told["model"]  # whatever lies between the sites
    assert PASSWORD not in done.stderr and SECRET not in done.stderr


def test_an_interrupted_simulation_leaves_no_process_and_goes_on_later(tmp_path: Path, data: Path) -> None:
    folder = tmp_path / "run"
    command = _simulation(folder, data, "--rounds", 4, "--set", "training_s=1.5")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=_hears_ctrl_c)  # noqa: PLW1509 - one thread
    _wait_for(lambda: any(folder.glob("store/run-*/closes/0001.dsse")))
    assert len(_processes_of(folder)) == 3
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and b"goes on" in said
    _wait_for(lambda: not _processes_of(folder))
    assert not (folder / "models").exists()
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert (folder / "models").exists()


def _hears_ctrl_c() -> None:
    """Also where the tests themselves run in the background of a shell, which has them ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _processes_of(folder: Path) -> list[str]:
    """The command lines of all processes that name the folder."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            lines.append(line)
    return lines


def _wait_for(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not there():
        assert time.monotonic() < end
        time.sleep(0.1)
