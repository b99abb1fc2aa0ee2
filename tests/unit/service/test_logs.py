"""What is logged, and above all what is not."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery.app import trace

from service.logs import CARRIERS, FIELDS, UNLISTED, configure_logs, log_fields

NAME = "Phantom^Child"


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What this process writes to standard error; all that logging changes is put back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    for place, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(place, name, getattr(place, name))
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    yield sys.stderr  # type: ignore[misc]
    logging.captureWarnings(capture=False)
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def logged(stderr: io.StringIO) -> Callable[[], list[dict[str, Any]]]:
    """Logging as a process of the service sets it up; gives the lines so far."""
    configure_logs("INFO")
    return lambda: [json.loads(line) for line in stderr.getvalue().splitlines()]


def test_a_line_holds_the_fields_of_the_list_and_no_other(logged: Callable[[], list[dict[str, Any]]]) -> None:
    extra = {"job": "a-1", "status": 202, "duration_s": 0.25, "patient": NAME, "path": "/tmp/x"}
    logging.getLogger("service.gateway").info("accepted", extra=extra)
    [line] = logged()
    assert line["event"] == "accepted"
    assert (line["job"], line["status"], line["duration_s"], line["level"]) == ("a-1", 202, 0.25, "INFO")
    assert set(line) <= {"time", "level", "logger", "event", "pid", *FIELDS}


@pytest.mark.parametrize(
    "value", [NAME, "Child Phantom", "/data/Child Phantom.dcm", "a\nb", b"bytes", ["list"], {"a": 1}, "x" * 200, '"']
)
def test_a_value_that_may_be_anything_is_not_told(logged: Callable[[], list[dict[str, Any]]], value: object) -> None:
    logging.getLogger("service").warning("job %s: %s", "a-1", value, extra={"code": value})
    [line] = logged()
    assert (line["event"], line["code"]) == ("job a-1: -", "-")


def test_ids_codes_and_numbers_stand_in_our_sentences(logged: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("service").info("job %s: %s after %d files, %.1f s", "5e0f-3c", "GANTRY_TILT", 3, 0.5)
    assert logged()[0]["event"] == "job 5e0f-3c: GANTRY_TILT after 3 files, 0.5 s"


def test_of_an_exception_the_class_is_told(logged: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        raise ValueError(f"Invalid value for VR DA: {NAME}")
    except ValueError:
        logging.getLogger("service").exception("job failed")
    [line] = logged()
    assert (line["event"], line["code"]) == ("job failed", "ValueError")
    assert NAME not in str(line)


def test_other_libraries_are_silent(logged: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("pydicom").warning("Invalid value for VR DA: %r", NAME)
    logging.getLogger("highdicom.base").error(f"copy {NAME}")
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(NAME, stacklevel=1)
    logging.getLogger("service").debug("too fine")
    assert logged() == []


def test_what_carries_the_service_is_told_in_our_words_without_what_it_fills_in(
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s://%s:%d (Press CTRL+C to quit)", "http", "h", 1)
    logging.getLogger("celery.worker.strategy").info(trace.LOG_RECEIVED, {"name": NAME, "id": NAME})
    logging.getLogger("celery.worker").error("Control command error: %r", NAME)
    logging.getLogger("uvicorn.access").info(f'"GET /v1/jobs/{NAME}"')
    lines = logged()
    assert [line["event"] for line in lines] == ["listening", "message received", UNLISTED, UNLISTED]
    assert NAME not in str(lines) and "http" not in str(lines)


def test_the_listed_sentences_are_those_that_the_carriers_use() -> None:
    assert {trace.LOG_RECEIVED, trace.LOG_SUCCESS} <= set(CARRIERS["celery"])


def test_fields_may_hold_for_all_that_is_logged_inside(logged: Callable[[], list[dict[str, Any]]]) -> None:
    with log_fields(request="r-1"), log_fields(job="a-1"):
        logging.getLogger("service").info("inside")
    logging.getLogger("service").info("outside")
    inside, outside = logged()
    assert (inside["request"], inside["job"]) == ("r-1", "a-1")
    assert "request" not in outside and "job" not in outside


def test_what_nobody_caught_is_told_by_its_class(logged: Callable[[], list[dict[str, Any]]]) -> None:
    def fail() -> None:
        raise ValueError(NAME)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    sys.excepthook(KeyError, KeyError(NAME), None)
    assert [line["event"] for line in logged()] == ["thread ended by ValueError", "process ended by KeyError"]


def test_a_line_that_cannot_be_written_is_not_printed_either(
    stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    configure_logs("INFO")
    sys.stderr.close()
    monkeypatch.setattr(sys, "stderr", stderr)
    logging.getLogger("service").info("a line")
    assert stderr.getvalue() == ""


def test_text_is_for_people(stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stderr)  # the test's own capture has taken its place since the fixture
    configure_logs("INFO", "text")
    logging.getLogger("service").info("accepted", extra={"job": "a-1", "patient": NAME})
    line = stderr.getvalue()
    assert "INFO service accepted job=a-1 pid=" in line and NAME not in line
