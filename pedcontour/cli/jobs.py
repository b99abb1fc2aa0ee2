"""`pedcontour jobs`: the jobs of a service, whoever sent them: list, watch, fetch, stop, erase."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pedcontour.cli.console import (
    EXIT_CANCELLED,
    AsJson,
    err,
    names_of,
    out,
    print_json,
    progress_bar,
    told,
)
from pedcontour.cli.contour import OutFolder
from pedcontour.cli.remote import LOCAL_SERVICE, ApiKey, Url
from pedcontour.cli.results import show_result, show_verdicts
from pedcontour.client import Client, RemoteJob
from pedcontour.errors import OutputFolderNotEmptyError

jobs = typer.Typer(help="List, watch, fetch, stop and erase the jobs of a service.", no_args_is_help=True)

STATE_STYLES = {"queued": "cyan", "running": "blue", "done": "green", "failed": "red", "cancelled": "dim"}

LONGEST_PAGE = 200
"""Most jobs that the service gives at once."""

JobId = Annotated[str, typer.Argument(metavar="ID", help="Id of the job.", show_default=False)]
TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@jobs.command("list")
@told
def list_jobs(
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            "-s",
            help="Only these, repeated or separated by commas: queued, running, done, failed, cancelled.",
        ),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=TIMES, help="Only those accepted then or later; local time.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=TIMES, help="Only those accepted before then; local time.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most jobs to list.")] = 20,
    url: Url = LOCAL_SERVICE,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List the jobs that this key may see, the newest first.

    \b
    Examples:
      pedcontour jobs list
      pedcontour jobs list --state failed,cancelled --since 2026-03-01
      pedcontour jobs list --state done --limit 500 --json
    """
    with Client(url, api_key) as client:
        every = client.jobs(
            states=names_of(state),
            since=since.astimezone() if since else None,
            until=until.astimezone() if until else None,
            page_size=min(limit + 1, LONGEST_PAGE),
        )
        found = list(islice(every, limit + 1))
    if as_json:
        print_json({"jobs": [_facts(job) for job in found[:limit]], "more": len(found) > limit})
        return
    if not found:
        out.print("There are no such jobs.")
        return
    out.print(_table(found[:limit]))
    if len(found) > limit:
        err.print(f"There are more than {limit}; --limit shows them.", highlight=False)


@jobs.command("watch")
@told
def watch(job: JobId, url: Url = LOCAL_SERVICE, api_key: ApiKey = None, as_json: AsJson = False) -> None:
    """Show a job's progress until it ends, then what became of every organ.

    Ctrl-C ends the watching, not the job. The exit code is 0 for a job that is
    done; the error of one that failed is told.

    \b
    Examples:
      pedcontour jobs watch 5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10
      pedcontour jobs watch 5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10 --json
    """
    try:
        with Client(url, api_key) as client, progress_bar(quiet=as_json) as progress:
            ended = client.wait(job, on_progress=lambda job: progress(job.stage or job.state, job.progress))
    except KeyboardInterrupt:
        err.print("The job goes on.")
        raise typer.Exit(EXIT_CANCELLED) from None
    if as_json:
        print_json(_facts(ended) | {"verdicts": [asdict(verdict) for verdict in ended.verdicts]})
        return
    show_verdicts(out, ended.verdicts, ended.warnings, ended.roi_name)
    out.print(f"Fetch the files with: pedcontour jobs fetch {escape(ended.id)} --out FOLDER", highlight=False)


@jobs.command("fetch")
@told
def fetch(
    job: JobId, *, out: OutFolder, url: Url = LOCAL_SERVICE, api_key: ApiKey = None, as_json: AsJson = False
) -> None:
    """Fetch the results of a job that is done.

    The folder appears with all files or not at all.

    \b
    Example:
      pedcontour jobs fetch 5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10 --out result
    """
    from pedcontour.contour.staging import staged_folder

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputFolderNotEmptyError
    with Client(url, api_key) as client:
        with staged_folder(out) as folder:
            client.download(job, folder)
        done = client.job(job)
    if as_json:
        print_json({"job": done.id, "out": str(out.absolute()), "files": done.results})
    else:
        show_result(done.verdicts, done.warnings, out, done.roi_name)


@jobs.command("cancel")
@told
def cancel(job: JobId, url: Url = LOCAL_SERVICE, api_key: ApiKey = None, as_json: AsJson = False) -> None:
    """Stop a job: one that waits at once, one that runs within seconds.

    One that has ended stays as it is.

    \b
    Example:
      pedcontour jobs cancel 5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10
    """
    with Client(url, api_key) as client:
        stopped = client.cancel(job)
    if as_json:
        print_json(_facts(stopped))
    elif stopped.state == "running":
        out.print(f"[yellow]stopping[/]  {escape(stopped.id)}", highlight=False)
    else:
        out.print(f"{_styled(stopped.state)}  {escape(stopped.id)}", highlight=False)


@jobs.command("erase")
@told
def erase(job: JobId, url: Url = LOCAL_SERVICE, api_key: ApiKey = None, as_json: AsJson = False) -> None:
    """Erase a job with its images and results at once, in any state.

    There is no way back. One that runs is stopped; the id is unknown then.

    \b
    Example:
      pedcontour jobs erase 5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10
    """
    with Client(url, api_key) as client:
        client.erase(job)
    if as_json:
        print_json({"erased": job})
    else:
        out.print(f"[green]erased[/]  {escape(job)}", highlight=False)


def _table(found: Sequence[RemoteJob]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("job", "state", "accepted", "took"):
        table.add_column(column, no_wrap=True)
    table.add_column("problem", overflow="fold")
    for job in found:
        table.add_row(
            escape(job.id),
            _styled(job.state) + (f" {job.progress:.0%}" if job.state == "running" else ""),
            f"{job.accepted_at.astimezone():%m-%d %H:%M}",
            _duration(job.ended_at - job.accepted_at) if job.ended_at else "",
            escape(job.problem.code) if job.problem else "",
        )
    return table


def _styled(state: str) -> str:
    style = STATE_STYLES.get(state)
    return f"[{style}]{state}[/]" if style else escape(state)


def _duration(time: timedelta) -> str:
    """From acceptance to end, as people say it."""
    seconds = round(time.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _facts(job: RemoteJob) -> dict[str, Any]:
    problem = {"code": job.problem.code, "detail": job.problem.detail} if job.problem else None
    return {
        "id": job.id,
        "state": job.state,
        "stage": job.stage,
        "progress": job.progress,
        "priority": job.priority,
        "attempt": job.attempt,
        "accepted_at": job.accepted_at.isoformat(),
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "model": job.model,
        "results": list(job.results),
        "warnings": list(job.warnings),
        "problem": problem,
    }
