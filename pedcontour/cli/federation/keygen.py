"""`pedcontour federation keygen`: a site's keys."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pedcontour.cli.console import AsJson, out, print_json, told
from pedcontour.cli.federation.files import sound, write_new
from pedcontour.errors import RequestError


@told
def keygen(
    site: Annotated[str, typer.Option("--site", help="Name of this site in the run: small letters, digits, - and _.")],
    keys: Annotated[Path, typer.Option("--keys", help="New file for the secret keys; it stays here.")],
    card: Annotated[Path, typer.Option("--card", help="New file for the public keys; send it to the others.")],
    as_json: AsJson = False,
) -> None:
    """Make this site's keys, and print the fingerprint to read out over the phone.

    \b
    Example:
      pedcontour federation keygen --site utrecht --keys utrecht.keys --card utrecht.site
    """
    from pedcontour.federation.keys import Keys, fingerprint_of, write_keys
    from pedcontour.federation.room import encode

    if card.exists():
        raise RequestError(f"{card.name} is there already; no keys were made")
    made = Keys.new()
    public = sound(lambda: made.site(site))
    write_keys(keys, made)
    write_new(card, encode(public))
    if as_json:
        print_json({**asdict(public), "fingerprint": fingerprint_of(public)})
        return
    out.print(f"{escape(site)}  [bold]{fingerprint_of(public)}[/]", highlight=False)
    out.print(f"Send {escape(str(card))} to the other sites, and read the fingerprint to them over the phone.")
