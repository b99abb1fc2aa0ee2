"""Pages of a list: where the next one begins, as an address."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from pedcontour.errors import RequestError
from service.gateway.schemas import JobsQuery
from service.jobs import Job
from service.jobstore import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_POSITION = re.compile(r"([0-9]{1,17}) ([0-9a-f-]{36})")


def cursor_of(job: Job) -> str:
    """The place after a job; what is in it is nobody's business but ours."""
    text = f"{(job.accepted_at - _EPOCH) // _MICROSECOND} {job.id}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """The place that a cursor names. Raises ``RequestError``."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        found = _POSITION.fullmatch(text)
    except ValueError:
        found = None
    if found is None:
        raise RequestError("the cursor is not one that this list has given")
    return Position(_EPOCH + int(found[1]) * _MICROSECOND, found[2])


def next_page(path: str, query: JobsQuery, page: Sequence[Job]) -> str:
    """The address of what follows a page."""
    asked = query.model_dump(mode="json", exclude_none=True) | {"cursor": cursor_of(page[-1])}
    return f"{path}?{urlencode(asked, doseq=True)}"
