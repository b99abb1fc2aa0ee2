"""What a process of the service logs: its own words, and those of the programs that carry it. Nobody else's.

Libraries that read DICOM put values of headers into their messages and warnings; so what is not on the list is dropped,
whatever it says.
"""

import logging
import sys

ALLOWED = ("service", "pedcontour", "celery", "uvicorn")
"""Loggers that are let through, with all below them."""


def configure_logs(level: str) -> None:
    """Log to standard error from ``level`` on, what is allowed."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(_is_allowed)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)


def _is_allowed(record: logging.LogRecord) -> bool:
    return record.name.split(".", 1)[0] in ALLOWED
