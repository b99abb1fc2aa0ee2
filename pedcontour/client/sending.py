"""What is sent: files as one multipart body of known length, read as it goes out. File names stay here."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pedcontour import errors
from pedcontour.dicom.given import sizes_of, unreadable
from pedcontour.dicom.sources import files_below

CHUNK_BYTES = 256 * 1024
"""So much of a file is in memory at a time."""


@dataclass(frozen=True)
class Body:
    """A request body of known length that is read from files as it is sent, one open at a time."""

    content_type: str
    size_bytes: int
    chunks: Callable[[], Iterator[bytes]]

    def told(self, on_sent: Callable[[int, int], None]) -> Iterator[bytes]:
        """The body in pieces; ``on_sent`` is told the bytes sent so far and in all."""
        sent = 0
        for chunk in self.chunks():
            yield chunk
            sent += len(chunk)
            on_sent(sent, self.size_bytes)


def files_of(source: Path | Sequence[Path]) -> list[Path]:
    """The files of a folder, a file, or a list. Raises ``UploadEmptyError`` where there is no such thing."""
    if not isinstance(source, Path):
        return list(source)
    if source.is_dir():
        return [path for path in files_below(source) if not _is_placeholder(path)]
    if source.is_file():
        return [source]
    raise errors.UploadEmptyError("there is no such folder or file")


def _is_placeholder(path: Path) -> bool:
    """Whether a file is hidden and empty: it holds no image, and its name, which says so, is not sent."""
    return path.name.startswith(".") and path.is_file() and not path.stat().st_size


def body_of(files: Sequence[Path]) -> Body:
    """The body that sends these files. Raises ``UploadEmptyError`` for none, ``FileUnreadableError``."""
    if not files:
        raise errors.UploadEmptyError
    boundary = uuid.uuid4().hex
    heads = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{number:06}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        for number in range(1, len(files) + 1)
    ]
    sizes = sizes_of(files)
    tail = f"--{boundary}--\r\n".encode()

    def chunks() -> Iterator[bytes]:
        for place, (head, path) in enumerate(zip(heads, files, strict=True), 1):
            yield head
            try:
                yield from _chunks(path)
            except OSError as error:
                raise unreadable(place, len(files), error) from None
            yield b"\r\n"
        yield tail

    size_bytes = sum(map(len, heads)) + sum(sizes) + 2 * len(files) + len(tail)
    return Body(f"multipart/form-data; boundary={boundary}", size_bytes, chunks)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
