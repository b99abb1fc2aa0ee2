"""What every command shares with the person at the keyboard: output, errors as sentences, exit codes, progress."""

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from pedcontour.errors import InputError, NothingDrawnError, PedcontourError, RequestError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_CANCELLED = 130
"""What a shell reports for a program that Ctrl-C ended."""

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for scripts, and nothing else.")]

STAGE_WORDS = {
    "upload": "Sending the series",
    "queued": "Waiting for a worker",
    "read": "Reading the series",
    "wait": "Waiting for the network",
    "segment": "Drawing the organs",
    "judge": "Judging every organ",
    "write": "Writing RTSTRUCT and SEG",
    "check": "Reading both back",
    "picture": "Drawing the picture",
}


def told(command: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Run a command so that errors are told as a code and a sentence: exit 2 for bad input or request, 1 otherwise.

    Ctrl-C ends with 130, after the command has tidied up. With ``--json`` the error is JSON too.
    """

    @functools.wraps(command)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            err.print("Cancelled; nothing was kept.")
            raise typer.Exit(EXIT_CANCELLED) from None
        except PedcontourError as error:
            tell_error(error, as_json=bool(kwargs.get("as_json")))
            bad_input = isinstance(error, InputError | RequestError)
            raise typer.Exit(EXIT_BAD_INPUT if bad_input else EXIT_FAILED) from None

    return wrapper


def tell_error(error: PedcontourError, *, as_json: bool) -> None:
    """Print an error: its code, what to do, the detail, the instances concerned; verdicts where nothing was drawn."""
    if as_json:
        document: dict[str, Any] = {
            "code": error.code,
            "advice": error.advice,
            "detail": error.detail,
            "instance_uids": list(error.instance_uids),
        }
        if isinstance(error, NothingDrawnError):
            document |= {"verdicts": [asdict(verdict) for verdict in error.verdicts], "warnings": list(error.warnings)}
        print_json({"error": document})
        return
    err.print(f"[bold red]{escape(error.code)}[/]  {escape(error.advice)}", highlight=False)
    if error.detail:
        err.print(f"  {escape(error.detail)}", highlight=False)
    for uid in error.instance_uids[:10]:
        err.print(f"  instance {escape(uid)}", highlight=False)
    if len(error.instance_uids) > 10:
        err.print(f"  and {len(error.instance_uids) - 10} more", highlight=False)
    if isinstance(error, NothingDrawnError) and error.verdicts:
        from pedcontour.cli.results import show_verdicts  # which itself prints to the consoles of this module

        show_verdicts(err, error.verdicts, error.warnings)


def print_json(document: Any) -> None:
    """Print a JSON document to standard output, unstyled."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A progress bar on standard error; yields the function that is told the stage and the share done (0 to 1)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<26}"),
        BarColumn(bar_width=40),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=quiet, transient=False) as bar:
        task = bar.add_task("Starting", total=1.0)

        def report(stage: str, share: float) -> None:
            bar.update(task, description=STAGE_WORDS.get(stage, stage), completed=share)

        yield report


def names_of(values: list[str] | None) -> list[str]:
    """Names given by repeating an option or separated by commas, in order."""
    return [name.strip() for value in values or () for name in value.split(",") if name.strip()]
