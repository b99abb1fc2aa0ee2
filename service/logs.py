"""What a process of the service logs: fields on a list, in its own words. Whatever is not on the list is dropped.

Libraries that read DICOM put values of headers into their messages, and those that carry the service put addresses and
arguments there. So of our own loggers a sentence is let through with its numbers, ids and codes; of those that carry
the service only the sentences listed here, without what they would fill in; of all others nothing. Of an exception the
class is told, never the message.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

log = logging.getLogger(__name__)

OURS = ("service", "pedcontour")
"""Loggers whose sentences are our own, with all below them."""

FIELDS = (
    "request",
    "job",
    "tenant",
    "method",
    "route",
    "status",
    "code",
    "stage",
    "attempt",
    "count",
    "bytes",
    "duration_s",
)
"""What a line may hold beside time, level, logger, event and pid; given as ``extra`` or by ``log_fields``."""

CARRIERS: Mapping[str, Mapping[str, str]] = {
    "uvicorn": {
        "Started server process [%d]": "server started",
        "Waiting for application startup.": "gateway starts",
        "Application startup complete.": "gateway started",
        "Application startup failed. Exiting.": "gateway did not start",
        "Uvicorn running on %s://%s:%d (Press CTRL+C to quit)": "listening",
        "Shutting down": "gateway stops",
        "Waiting for application shutdown.": "gateway stops",
        "Application shutdown complete.": "gateway stopped",
        "Finished server process [%d]": "server stopped",
        "Invalid HTTP request received.": "request was no HTTP",
        "Exception in ASGI application\n": "request failed",
    },
    "celery": {
        "Connected to %s": "broker connected",
        "%s ready.": "worker ready",
        "Task %(name)s[%(id)s] received": "message received",
        "Task %(name)s[%(id)s] succeeded in %(runtime)ss: %(return_value)s": "message done",
    },
}
"""Sentences of what carries the service, and the words in which they are let through."""

UNLISTED = "not on the list"
"""Event of a carrier's line that is not let through: that there was one may matter all the same."""

_PLAIN = re.compile(r"[A-Za-z0-9_.:/{}\[\]+-]{0,128}")
"""Ids, codes, classes, routes and numbers. No blank, caret or quote, as names of people and files have."""

_fields: ContextVar[Mapping[str, Any]] = ContextVar("log_fields", default=MappingProxyType({}))


@contextmanager
def log_fields(**fields: Any) -> Iterator[None]:
    """Put fields on every line that is logged inside, in this task or thread."""
    before = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(before)


def configure_logs(level: str, style: str = "json") -> None:
    """Log to standard error from ``level`` on, as ``json`` or ``text``, what is allowed."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if style == "json" else _Text())
    handler.addFilter(_is_allowed)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    # What nobody caught, or could not be written, would be printed with its message.
    logging.raiseExceptions = False
    sys.excepthook = lambda kind, *_: log.critical("process ended by %s", kind.__name__)
    threading.excepthook = lambda caught: log.critical("thread ended by %s", caught.exc_type.__name__)
    sys.unraisablehook = lambda caught: log.error("ignored %s", caught.exc_type.__name__)


def _root_of(record: logging.LogRecord) -> str:
    return record.name.split(".", 1)[0]


def _is_allowed(record: logging.LogRecord) -> bool:
    return _root_of(record) in (*OURS, *CARRIERS)


def line_of(record: logging.LogRecord) -> dict[str, Any]:
    """What is told of a record."""
    given = {**_fields.get(), **{name: vars(record)[name] for name in FIELDS if name in vars(record)}}
    if record.exc_info and record.exc_info[0] is not None:
        given.setdefault("code", record.exc_info[0].__name__)
    return {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "event": _event_of(record),
        **{name: _plain(given[name]) for name in FIELDS if name in given},
        "pid": record.process,
    }


def _event_of(record: logging.LogRecord) -> str:
    if _root_of(record) not in OURS:
        return CARRIERS.get(_root_of(record), {}).get(str(record.msg), UNLISTED)
    arguments = record.args
    if isinstance(arguments, Mapping):
        arguments = {name: _plain(value) for name, value in arguments.items()}
    elif arguments:
        arguments = tuple(_plain(value) for value in arguments)
    try:
        return str(record.msg) % arguments if arguments else str(record.msg)
    except (TypeError, ValueError, KeyError):
        return str(record.msg)


def _plain(value: Any) -> Any:
    """A value as it may be told; ``-`` stands for one that may be anything."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value) if isinstance(value, str) and _PLAIN.fullmatch(value) else "-"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(line_of(record), ensure_ascii=True)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = line_of(record)
        head = " ".join(str(line.pop(name)) for name in ("time", "level", "logger", "event"))
        return " ".join([head, *(f"{name}={value}" for name, value in line.items())])
