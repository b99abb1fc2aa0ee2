"""`pedcontour keys`: the API keys of the service that uses this data folder or database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pedcontour.cli.console import AsJson, err, names_of, out, print_json, told
from pedcontour.errors import KeyNotFoundError
from pedcontour.settings import Settings

if TYPE_CHECKING:
    from service.apikeys import ApiKey
    from service.keytable import SqlKeyStore

keys = typer.Typer(help="Make, list and revoke the API keys of the service.", no_args_is_help=True)

DataFolder = Annotated[
    Path | None,
    typer.Option(help="Data folder of the service; default: PEDCONTOUR_DATA_DIR. PEDCONTOUR_DATABASE_URL comes first."),
]

STATE_STYLES = {"live": "green", "expired": "yellow", "revoked": "dim"}


@keys.command("new")
@told
def new_key(
    *,
    tenant: Annotated[
        str, typer.Option("--tenant", "-t", help="Whose key it is; all keys of a tenant see the same jobs.")
    ],
    label: Annotated[str, typer.Option(help="What it is for, in a word or two.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it may do, repeated or separated by commas: jobs:write, jobs:read, jobs:erase, models:read, "
            "metrics:read. Default: all but metrics:read."
        ),
    ] = None,
    expires_days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days it is valid.")] = None,
    data_dir: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once: the service keeps its digest alone.

    A running gateway takes it within seconds. To rotate a key, make the next
    one for the same tenant, hand it out, then revoke the old one.

    \b
    Examples:
      pedcontour keys new --tenant radiotherapy --label eclipse --expires-days 365
      pedcontour keys new --tenant monitoring --scope metrics:read
    """
    from service.apikeys import PLANNING_SYSTEM, KeyRequest, make_key, scopes_named

    names = names_of(scope)
    request = KeyRequest(
        tenant,
        scopes_named(names) if names else PLANNING_SYSTEM,
        label,
        timedelta(days=expires_days) if expires_days else None,
    )
    key, kept = make_key(request, datetime.now(UTC))
    table = _table(data_dir)
    table.add(kept)
    if as_json:
        print_json({"key": key, "database": table.place, **_facts(kept)})
        return
    typer.echo(key)
    kept_in = f"Kept in {escape(table.place)}; a service with another database does not know it."
    err.print(kept_in, highlight=False, soft_wrap=True)
    err.print(f"Scopes: {', '.join(sorted(kept.scopes))}. This key is shown once; keep it now.", highlight=False)


@keys.command("list")
@told
def list_keys(data_dir: DataFolder = None, as_json: AsJson = False) -> None:
    """List the keys by their public prefix: whose, for what, until when, last used when.

    Revoked and expired keys stay listed. The keys of PEDCONTOUR_API_KEYS are
    not among them.

    \b
    Examples:
      pedcontour keys list
      pedcontour keys list --json
    """
    stored = _table(data_dir)
    every = stored.every()
    if as_json:
        print_json({"database": stored.place, "keys": [_facts(key) for key in every]})
        return
    if not every:
        out.print("There are no keys; make one with: pedcontour keys new --tenant <name>", highlight=False)
        err.print(f"Looked in {escape(stored.place)}.", highlight=False, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("prefix", "tenant", "label", "state", "expires", "last used", "scopes"):
        table.add_column(column)
    for key in every:
        state = key.state(datetime.now(UTC))
        days = (_day(key.expires_at) or "never", _day(key.last_used_at) or "not yet")
        shown = (key.prefix, escape(key.tenant), escape(key.label), f"[{STATE_STYLES[state]}]{state}[/]")
        table.add_row(*shown, *days, " ".join(sorted(key.scopes)))
    out.print(table)


@keys.command("revoke")
@told
def revoke_key(
    prefix: Annotated[str, typer.Argument(help="The public prefix: the part between pc_ and the next _.")],
    data_dir: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """End a key. Every running gateway refuses it within five seconds.

    \b
    Example:
      pedcontour keys revoke 7k2m9q4x
    """
    from service.apikeys import prefix_of

    revoked = _table(data_dir).revoke(prefix_of(prefix) or prefix, datetime.now(UTC))
    if revoked is None:
        raise KeyNotFoundError
    if as_json:
        print_json(_facts(revoked))
    else:
        out.print(f"[green]revoked[/]  {revoked.prefix} of {escape(revoked.tenant)}", highlight=False)


def _table(data_dir: Path | None) -> "SqlKeyStore":
    from service.confinement import private_files
    from service.keytable import open_key_table

    private_files()  # it may be this command that makes the database
    settings = Settings.read(**({"data_dir": data_dir} if data_dir else {}))
    return open_key_table(settings.job_table_url)


def _facts(key: "ApiKey") -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "tenant": key.tenant,
        "label": key.label,
        "scopes": sorted(key.scopes),
        "state": key.state(datetime.now(UTC)),
        "created_at": _time(key.created_at),
        "expires_at": _time(key.expires_at),
        "revoked_at": _time(key.revoked_at),
        "last_used_at": _time(key.last_used_at),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"
