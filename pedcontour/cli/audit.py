"""`pedcontour audit`: what the service recorded of who did what, and whether the records are whole."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pedcontour.cli.console import AsJson, out, print_json, told
from pedcontour.errors import AuditError, RequestError
from pedcontour.settings import Settings

audit = typer.Typer(help="Check and read the audit files of the service.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Option("--audit-dir", help="Folder of the audit files; default: PEDCONTOUR_AUDIT_DIR.")
]


@audit.command("verify")
@told
def verify(
    file: Annotated[Path | None, typer.Argument(help="One audit file; without it, all, as one chain.")] = None,
    audit_dir: Folder = None,
    noted: Annotated[
        str | None, typer.Option(help="NUMBER:DIGEST of a record that was noted earlier and must still be there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the chain of records, and say where it breaks.

    It prints the last record's number and digest. Note them where nobody who
    can write the files can: with --noted a later check then shows whether the
    end was cut off, or all of it written anew.

    \b
    Examples:
      pedcontour audit verify
      pedcontour audit verify --noted 4711:9f86d081884c7d65...
      pedcontour audit verify audit-000000000001.jsonl
    """
    from service.audit import verify_chain
    from service.audit.trail import audit_files

    head = verify_chain([file] if file else audit_files(_folder(audit_dir)), _noted(noted) if noted else None)
    if as_json:
        print_json(asdict(head))
        return
    out.print(f"[green]whole[/]  {head.records} records, {head.first} to {head.number}", highlight=False)
    typer.echo(f"noted  {head.number}:{head.digest}")


@audit.command("show")
@told
def show(
    job: Annotated[str, typer.Option("--job", help="Id of the job.")],
    audit_dir: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show who sent, read, cancelled and erased a job, in order.

    \b
    Example:
      pedcontour audit show --job 5e0f3c0a-52f5-4a55-8d0f-2f6f7f6a9f10
    """
    from service.audit import read_records

    records = read_records(_folder(audit_dir), job)
    if as_json:
        print_json({"records": [{"number": r.number, "at": r.at, **asdict(r.entry)} for r in records]})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("number", "at", "action", "result", "outcome", "tenant", "who", "address"):
        table.add_column(column)
    for record in records:
        entry = record.entry
        told = (entry.action, entry.result, entry.outcome, entry.tenant, entry.who, entry.address)
        table.add_row(str(record.number), record.at, *map(escape, told))
    if records:
        out.print(table)
    else:
        out.print("There is no record of that job.")


def _folder(audit_dir: Path | None) -> Path:
    folder = audit_dir or Settings.read().audit_folder
    if not folder.is_dir():
        raise AuditError(f"there is no folder {folder}")
    return folder


def _noted(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text)
    if match is None:
        raise RequestError("--noted is NUMBER:DIGEST, as `pedcontour audit verify` prints it")
    return int(match[1]), match[2]
