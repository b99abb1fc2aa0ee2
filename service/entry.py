"""How a process of the service begins, and what it says when it cannot: one place for gateway and worker.

The exit statuses are those of ``sysexits.h``, so that whoever starts the process knows whether starting it again helps.
"""

import logging
import sys
from collections.abc import Callable

from pedcontour.errors import PedcontourError, RequestError
from pedcontour.settings import Settings
from service.confinement import no_core_dumps, private_files
from service.datafolder import make_data_folder, warn_of_open_folder
from service.logs import configure_logs

log = logging.getLogger(__name__)

EXIT_NEEDED = 75
"""What the process needs does not answer: database, broker, store, data folder. Start it again (EX_TEMPFAIL)."""

EXIT_SETTINGS = 78
"""A setting, or what it names, does not fit. Starting again does not help before it is changed (EX_CONFIG)."""


def run_process(work: Callable[[Settings], None]) -> None:
    """Do the work of a process with the settings of the environment.

    What ends it is told as one line of the log, with its code; then ``SystemExit`` with one of the statuses above.
    """
    private_files()
    no_core_dumps()
    configure_logs("INFO")  # until the settings are read: one of them may be what does not fit
    try:
        settings = Settings.read()
        configure_logs(settings.log_level, settings.log_format)
        make_data_folder(settings.data_dir)
        warn_of_open_folder(settings.data_dir)
        work(settings)
    except PedcontourError as error:
        _tell(error)
        sys.exit(EXIT_SETTINGS if isinstance(error, RequestError) else EXIT_NEEDED)


def _tell(error: PedcontourError) -> None:
    """The error's own sentence and detail; they are ours, and nothing of a sender has been read by a start."""
    sentence = f"{error.advice} ({error.detail})" if error.detail else error.advice
    log.critical(sentence, extra={"code": error.code})
