"""Server-sent events of a job, read from the lines of their stream (WHATWG HTML, section 9.2.6)."""

import json
from collections.abc import Iterable, Iterator

from pedcontour.client.answers import JobEvent, not_ours

TELLING = frozenset({"progress", "end"})
"""Events whose data say how the job stands. Others are passed over, also those of a newer service."""


def job_events(lines: Iterable[str]) -> Iterator[JobEvent]:
    """The events that the lines hold. An event that the stream breaks off in is dropped.

    Raises ``ServiceUnreachableError`` for data that are no event of this service.
    """
    name, data = "", list[str]()
    for line in lines:
        if not line:
            if name in TELLING and data:
                yield _event("\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")  # a comment is a field without a name
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)


def _event(data: str) -> JobEvent:
    try:
        document = json.loads(data)
        return JobEvent(
            state=str(document["state"]),
            stage=str(document["stage"]),
            progress=float(document["progress"]),
            attempt=int(document["attempt"]),
        )
    except (KeyError, TypeError, ValueError):
        raise not_ours() from None
