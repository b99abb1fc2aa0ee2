"""A process that cannot start says why: a line of the log with a code, and a status that tells whether to try again."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pedcontour.settings import PREFIX
from service.entry import EXIT_NEEDED, EXIT_SETTINGS

BROKER = "redis://127.0.0.1:1/0"


def start(program: str, tmp_path: Path, **settings: str) -> tuple[int, list[dict[str, Any]]]:
    """How a process with these settings ends, and what it logs; whatever is no JSON fails here."""
    own = {"DATA_DIR": str(tmp_path / "data"), "PORT": "0", "REDIS_URL": BROKER} | settings
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [sys.executable, "-m", program],
        env=environment | {PREFIX + name: value for name, value in own.items()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, [json.loads(line) for line in done.stderr.splitlines()]


@pytest.fixture
def taken_port() -> Iterator[str]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield str(other.getsockname()[1])


@pytest.mark.parametrize("program", ["service.gateway", "service.worker"])
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PORT": "many"}, "PEDCONTOUR_PORT: Input should be a valid integer"),
        ({"API_KEYS": "hush-hush"}, "PEDCONTOUR_API_KEYS: an API key has at least 16 characters"),
        ({"LOG_LEVEL": "LOUD"}, "PEDCONTOUR_LOG_LEVEL: Input should be 'DEBUG'"),
        ({"REDIS_URL": ""}, "PEDCONTOUR_REDIS_URL is not set"),
    ],
)
def test_a_setting_that_does_not_fit_is_named_and_its_value_is_not(
    tmp_path: Path, program: str, settings: dict[str, str], said: str
) -> None:
    status, lines = start(program, tmp_path, **settings)
    assert status == EXIT_SETTINGS
    assert [(line["level"], line["code"]) for line in lines] == [("CRITICAL", "REQUEST_INVALID")]
    assert said in lines[0]["event"]
    assert not [value for value in settings.values() if value and value in lines[0]["event"]]


def test_a_gateway_that_strangers_could_use_says_that_it_needs_a_key(tmp_path: Path) -> None:
    status, lines = start("service.gateway", tmp_path, HOST="0.0.0.0")
    assert (status, lines[-1]["level"], lines[-1]["code"]) == (EXIT_SETTINGS, "CRITICAL", "API_KEY_NEEDED")
    assert "pedcontour keys new" in lines[-1]["event"] and "asked to bind to 0.0.0.0" in lines[-1]["event"]


@pytest.mark.parametrize("program", ["service.gateway", "service.worker"])
def test_a_database_that_does_not_answer_is_told_and_may_be_tried_again(tmp_path: Path, program: str) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'file' / 'jobs.sqlite'}"
    status, lines = start(program, tmp_path, DATABASE_URL=url)
    assert (status, lines[-1]["level"], lines[-1]["code"]) == (EXIT_NEEDED, "CRITICAL", "JOB_TABLE_FAILED")
    assert str(tmp_path) not in lines[-1]["event"]


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, lines = start("service.worker", tmp_path, DATA_DIR=str(tmp_path / "file" / "data"))
    assert (status, lines[-1]["code"]) == (EXIT_NEEDED, "DATA_FOLDER_UNUSABLE")


def test_a_port_that_is_taken_is_told(tmp_path: Path, taken_port: str) -> None:
    status, lines = start("service.gateway", tmp_path, PORT=taken_port)
    assert (status, lines[-1]["level"], lines[-1]["code"]) == (EXIT_NEEDED, "CRITICAL", "PORT_UNUSABLE")
    assert taken_port in lines[-1]["event"]


@pytest.mark.parametrize("program", ["service.gateway", "service.worker"])
def test_a_data_folder_that_others_may_enter_is_warned_of(tmp_path: Path, program: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    _, lines = start(program, tmp_path, REDIS_URL="")
    assert (lines[0]["level"], lines[0]["logger"]) == ("WARNING", "service.datafolder")
    assert "0755" in lines[0]["event"]
