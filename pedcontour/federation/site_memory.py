"""What a site keeps on its own disk: objects it has believed, what it is about to publish, and its claim to be alone.

Losing the folder loses no correctness: all of it can be fetched or made again. Keeping it means that a step done is not
done again after a kill, and that a store which shows less than before is found out.
"""

import fcntl
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pedcontour.errors import FederationError, SiteElsewhereError
from pedcontour.storage.local import failure_of, flush


class SiteMemory:
    """A folder with files written once."""

    def __init__(self, root: Path) -> None:
        """Every method raises ``FederationError`` where the disk fails."""
        self._root = root

    def once(self, name: str, make: Callable[[], bytes]) -> bytes:
        """What is kept under a name; made, and on disk for good, if there is nothing yet."""
        content = self.recall(name)
        if content is None:
            content = make()
            self._write(self._root / name, content)
        return content

    def recall(self, name: str) -> bytes | None:
        """What is kept under a name, if anything is."""
        with _told(), suppress(FileNotFoundError):
            return (self._root / name).read_bytes()
        return None

    def names(self, folder: str) -> list[str]:
        """What is kept under ``folder/``, as names that ``recall`` takes, in order."""
        return sorted(f"{folder}/{path.name}" for path in (self._root / folder).glob("*"))

    def forget(self, name: str) -> None:
        """Remove what is kept under a name."""
        with _told(), suppress(FileNotFoundError):
            (self._root / name).unlink()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder; the system lets go of it when the process ends, however it ends.

        Raises ``SiteElsewhereError`` while another process holds it.
        """
        with _told():
            self._root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SiteElsewhereError("the site's folder is in use") from None
            yield
        finally:
            os.close(handle)

    def _write(self, path: Path, content: bytes) -> None:
        part = self._root / f".{uuid.uuid4().hex}"
        with _told():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with part.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
                flush(path.parent)
            finally:
                part.unlink(missing_ok=True)


class ReadOnlyMemory(SiteMemory):
    """A site's memory for who only looks, who may be another user than the one the site runs as: nothing is kept."""

    def once(self, name: str, make: Callable[[], bytes]) -> bytes:
        """What is kept under a name, or what would be."""
        content = self.recall(name)
        return make() if content is None else content

    def forget(self, name: str) -> None:
        """Nothing."""


@contextmanager
def _told() -> Iterator[None]:
    """Tell what the disk fails with in a word, without its path."""
    try:
        yield
    except OSError as error:
        raise FederationError(f"the site's folder: {failure_of(error)}") from None
