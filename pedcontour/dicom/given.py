"""Files that somebody gave to be read: one that cannot be is told by its place, for its name may be a patient's."""

from collections.abc import Sequence
from pathlib import Path

from pedcontour.errors import FileUnreadableError


def sizes_of(files: Sequence[Path]) -> list[int]:
    """The bytes of each file, which is opened for it: what cannot be read is said before anything is begun.

    Raises ``FileUnreadableError`` with the place of the first such file.
    """
    sizes = []
    for place, path in enumerate(files, 1):
        try:
            with path.open("rb") as file:
                sizes.append(file.seek(0, 2))
        except OSError as error:
            raise unreadable(place, len(files), error) from None
    return sizes


def unreadable(place: int, count: int, error: OSError) -> FileUnreadableError:
    """What is said of a file that the system does not give: its place from 1 on, and the reason without a path."""
    reason = error.strerror or type(error).__name__
    return FileUnreadableError(f"file {place} of {count}: {reason}" if count > 1 else reason)
