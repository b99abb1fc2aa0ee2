"""The data folder: images, results and the digests of keys lie in it, so it is made for the service's account alone."""

import logging
import stat
from pathlib import Path

from pedcontour.errors import DataFolderError

log = logging.getLogger(__name__)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_data_folder(folder: Path) -> None:
    """Make the folder, for this account alone, where it is not there yet. Raises ``DataFolderError``."""
    try:
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    except OSError as error:
        raise DataFolderError(f"{folder} cannot be written to: {type(error).__name__}") from None


def warn_of_open_folder(folder: Path) -> None:
    """Say in the log when other accounts may enter the folder.

    It is used all the same, and not closed: a volume that a group shares is somebody's decision. Raises
    ``DataFolderError``.
    """
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        raise DataFolderError(f"{folder} cannot be read: {type(error).__name__}") from None
    if mode & _OTHERS:
        log.warning("the data folder is open to other accounts than the service's: its mode is %04o", mode)
