"""A request body to files on disk, as it arrives: of an upload of any size, about a megabyte is in memory."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool

from pedcontour.errors import MediaTypeUnsupportedError, RequestError, UploadMalformedError, UploadTooLargeError
from service.gateway.disk import Room
from service.gateway.pace import Pace, paced
from service.uploads import UploadLimits, UploadPart

BATCH_BYTES = 1024 * 1024
"""So much is gathered before it goes to disk in a thread: small enough for many uploads, large enough to be quick."""

MAX_FIELD_BYTES = 16 * 1024
"""No form field needs more: the longest is a list of organ names."""

MAX_FIELDS = 100
"""No request needs more: every organ as a field of its own, twice, would be 38."""

MULTIPART_SLACK_BYTES = 4 * 1024 * 1024
"""What boundaries and headers may add to the declared length of a body before it is refused unread."""

PLAIN_TYPES = frozenset({b"application/dicom", b"application/zip", b"application/octet-stream"})
"""Media types of a body that is one file, a zip or a DICOM instance; which of both its first bytes say."""

Step = Callable[[], None]


async def receive(request: Request, part: UploadPart, pace: Pace, room: Room) -> dict[str, list[str]]:
    """Stream the files of a request into ``part`` and return its form fields; ``part`` is left to the caller.

    The disk is looked at again before each ``BATCH_BYTES`` that go to it.

    Takes ``multipart/form-data`` with any number of files, or one file as the body itself (``PLAIN_TYPES``).
    Raises ``MediaTypeUnsupportedError``, ``UploadMalformedError``, ``UploadTooLargeError``, ``UploadTooSlowError``,
    ``StorageLowError``, ``StoreError``.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise MediaTypeUnsupportedError("the body has a content encoding")
    content_type, parameters = parse_options_header(request.headers.get("content-type"))
    if content_type == b"multipart/form-data" and parameters.get(b"boundary"):
        body: _Body = _MultipartBody(part, parameters[b"boundary"])
    elif content_type in PLAIN_TYPES:
        body = _PlainBody(part)
    else:
        raise MediaTypeUnsupportedError
    gathered = received = 0
    async for chunk in paced(request.stream(), pace):
        received += len(chunk)
        if received > part.limits.max_bytes + MULTIPART_SLACK_BYTES:
            raise UploadTooLargeError(f"more than {part.limits.max_bytes} bytes")
        body.feed(chunk)
        gathered += len(chunk)
        if gathered >= BATCH_BYTES:
            await run_in_threadpool(_run, body.take_steps(), room, gathered)
            gathered = 0
    await run_in_threadpool(_run, body.take_steps(), room, gathered)
    body.finish()
    return dict(body.fields)


def _run(steps: list[Step], room: Room, size_bytes: int) -> None:
    with room.writing(size_bytes):
        for step in steps:
            step()


def declared_bytes(request: Request) -> int:
    """The length of the body as its header has it; 0 where it says none."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() else 0


def refuse_declared_length(request: Request, limits: UploadLimits) -> None:
    """Refuse a body unread that says it is too long. Raises ``UploadTooLargeError``."""
    if declared_bytes(request) > limits.max_bytes + MULTIPART_SLACK_BYTES:
        raise UploadTooLargeError(f"more than {limits.max_bytes} bytes")


class _Body:
    """Turns a body into steps that touch the disk, to be run elsewhere, in order."""

    def __init__(self, part: UploadPart) -> None:
        self.part = part
        self.steps: list[Step] = []
        self.fields: defaultdict[str, list[str]] = defaultdict(list)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        raise NotImplementedError

    def finish(self) -> None:
        """Learn that the body has ended."""
        raise NotImplementedError

    def take_steps(self) -> list[Step]:
        """The steps since the last call."""
        steps, self.steps = self.steps, []
        return steps


class _PlainBody(_Body):
    """One file."""

    def __init__(self, part: UploadPart) -> None:
        super().__init__(part)
        self.steps.append(part.begin_file)

    def feed(self, chunk: bytes) -> None:
        self.steps.append(partial(self.part.write, chunk))

    def finish(self) -> None:
        """Nothing tells a plain body's end but the end itself."""


class _MultipartBody(_Body):
    """Files and form fields. Of file names nothing is kept: they may hold a patient's name, or a path."""

    def __init__(self, part: UploadPart, boundary: bytes) -> None:
        super().__init__(part)
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._disposition = b""
        self._field: str | None = None
        self._value = bytearray()
        self._ended = False
        callbacks: Any = {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise UploadMalformedError(type(error).__name__) from None

    def finish(self) -> None:
        if not self._ended:
            raise UploadMalformedError("the last boundary is missing")

    def _part_begin(self) -> None:
        self._field, self._value = None, bytearray()
        self._disposition = b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _header_end(self) -> None:
        if bytes(self._header[0]).lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        self._header = (bytearray(), bytearray())

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"filename" in options:
            self.steps.append(partial(self.part.begin_file, is_named=bool(options[b"filename"])))
        elif b"name" in options:
            self._field = options[b"name"].decode("utf-8", "replace")
        else:
            raise UploadMalformedError("a part has no name")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self.steps.append(partial(self.part.write, data[start:end]))
            return
        self._value.extend(data[start:end])
        if len(self._value) > MAX_FIELD_BYTES:
            raise RequestError(f"a form field holds more than {MAX_FIELD_BYTES} bytes")

    def _part_end(self) -> None:
        if self._field is None:
            self.steps.append(self.part.end_file)
        elif sum(map(len, self.fields.values())) >= MAX_FIELDS:
            raise RequestError(f"more than {MAX_FIELDS} form fields")
        else:
            self.fields[self._field].append(self._value.decode("utf-8", "replace"))

    def _end(self) -> None:
        self._ended = True
