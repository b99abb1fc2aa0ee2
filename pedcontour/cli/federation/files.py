"""What the commands of a federation share: their options, files that are read whole, files that are written once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from pedcontour.errors import CharterError, FileUnreadableError, RequestError

Made = TypeVar("Made")

KeyFile = Annotated[Path, typer.Option("--keys", help="This site's key file, as `federation keygen` wrote it.")]
WorkFolder = Annotated[Path, typer.Option("--work", help="The site's folder of the run, as `federation join` made it.")]


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Have SIGTERM, as a service manager sends it, end what goes on like Ctrl-C: with ``KeyboardInterrupt``."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def sound(make: Callable[[], Made]) -> Made:
    """What is made. Raises ``CharterError`` that says what is wrong with it."""
    from pydantic import ValidationError

    from pedcontour.federation.room.wire import charter_fault

    try:
        return make()
    except ValidationError as refused:
        raise charter_fault(refused) from None


def read_file(path: Path) -> bytes:
    """A file's bytes. Raises ``FileUnreadableError``."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadableError(type(error).__name__) from None


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet. Raises ``CharterError``, ``FileUnreadableError``."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise CharterError(f"{path} is there already") from None
    except OSError as error:
        raise FileUnreadableError(type(error).__name__) from None


def read_pairs(options: list[str]) -> dict[str, str]:
    """Options of a trainer, ``name=value``. Raises ``RequestError``."""
    pairs = {name: value for name, equals, value in (option.partition("=") for option in options) if equals and name}
    if len(pairs) != len(options):
        raise RequestError("an option of the trainer is name=value, each name once")
    return pairs
