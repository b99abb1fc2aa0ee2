"""A shared store in a folder of one file system that all sites mount.

A folder that a drive's own client copies to each site is none: there, two sites can each create one object.
"""

from datetime import UTC, datetime
from pathlib import Path

from pedcontour.storage.local import as_store_error, create_once, flush
from pedcontour.storage.port import checked_key


class FolderSharedStore:
    """A ``SharedStore`` of files; its clock is the file system's."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, content: bytes) -> None:
        """See ``SharedStore.put``."""
        create_once(self._root, key, content)

    def get(self, key: str) -> bytes:
        """See ``SharedStore.get``."""
        with as_store_error(key):
            return self._path(key).read_bytes()

    def list(self, prefix: str) -> list[str]:
        """See ``SharedStore.list``."""
        with as_store_error():
            found = (path for path in self._path(prefix).rglob("*") if path.is_file())
            return sorted(path.relative_to(self._root).as_posix() for path in found)

    def delete(self, key: str) -> None:
        """See ``SharedStore.delete``."""
        path = self._path(key)
        with as_store_error():
            if path.exists():
                path.unlink(missing_ok=True)
                flush(path.parent)

    def written_at(self, key: str) -> datetime:
        """See ``SharedStore.written_at``."""
        with as_store_error(key):
            return datetime.fromtimestamp(self._path(key).stat().st_mtime, UTC)

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)
