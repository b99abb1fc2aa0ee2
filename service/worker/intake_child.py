"""``python -m service.worker.intake_child <descriptor>``: checks one upload within hard limits, and ends."""

import shutil
import sys
from pathlib import Path

from pedcontour.dicom.rewrite import rewrite_series
from pedcontour.dicom.sources import unpack_archive
from pedcontour.errors import IntakeLimitError, OutOfMemoryError, PedcontourError, StoreError, UploadEmptyError
from service.confinement import close_standard_error, confine, peak_memory_bytes
from service.uploads import ARCHIVE_NAME
from service.worker.contouring_child import join_worker
from service.worker.messages import CLEAN, Failed, TakeIn, TakenIn, ToIntake, receive, send

_UNPACKED = "unpacked"


def take_in(upload: Path, folder: Path, series_uid: str | None = None) -> TakenIn:
    """Check an upload, a folder of files or of one zip, and put the clean files of its series into ``folder/clean``.

    Raises ``InputError`` and ``StoreError``.
    """
    clean, unpacked = folder / CLEAN, folder / _UNPACKED
    try:
        clean.mkdir()
    except OSError as error:
        raise StoreError(type(error).__name__) from None
    archive = upload / ARCHIVE_NAME
    files = unpack_archive(archive, unpacked) if archive.is_file() else sorted(upload.glob("*"))
    if not files:
        raise UploadEmptyError
    rewritten = rewrite_series(files, clean, series_uid=series_uid)
    shutil.rmtree(unpacked, ignore_errors=True)
    return TakenIn(slices=len(rewritten.files), ignored=rewritten.ignored)


def answer(order: TakeIn) -> TakenIn | Failed:
    """What becomes of an order, whatever happens: nothing an upload does goes further than this."""
    try:
        return take_in(order.upload, order.folder, order.series_uid)
    except (MemoryError, OutOfMemoryError):
        return Failed.of(IntakeLimitError("memory"))
    except PedcontourError as error:
        return Failed.of(error)
    except OSError as error:
        return Failed.of(StoreError(type(error).__name__))
    # Of a foreign exception only the class is told: its message may hold values of the patient's headers.
    except (Exception, RecursionError) as error:
        return Failed.of(PedcontourError(type(error).__name__))


def main() -> None:
    """Wait for the one order, and do it."""
    channel = join_worker(int(sys.argv[1]))
    order = receive(channel, ToIntake)
    if order is not None:
        confine(order.limits)
        close_standard_error()
        done = answer(order)
        send(channel, done.model_copy(update={"peak_bytes": peak_memory_bytes()}))


if __name__ == "__main__":
    main()
