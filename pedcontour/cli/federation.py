"""`pedcontour federation`: hospitals train together. Here: a site's keys, and the charter that all sites sign."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer
from rich.markup import escape

from pedcontour.cli.console import AsJson, names_of, out, print_json, told
from pedcontour.errors import CharterError, FileUnreadableError

if TYPE_CHECKING:
    from pedcontour.federation.room import Charter

Made = TypeVar("Made")

federation = typer.Typer(help="Train with other hospitals over a shared store.", no_args_is_help=True)
charter = typer.Typer(help="Write, sign and read the charter of a run.", no_args_is_help=True)
federation.add_typer(charter, name="charter")

KeyFile = Annotated[Path, typer.Option("--keys", help="This site's key file, as `federation keygen` wrote it.")]
CharterFile = Annotated[Path, typer.Argument(help="The charter's file.")]


@federation.command("keygen")
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

    made = Keys.new()
    public = _sound(lambda: made.site(site))
    write_keys(keys, made)
    _write_new(card, encode(public))
    if as_json:
        print_json({**asdict(public), "fingerprint": fingerprint_of(public)})
        return
    out.print(f"{escape(site)}  [bold]{fingerprint_of(public)}[/]", highlight=False)
    out.print(f"Send {escape(str(card))} to the other sites, and read the fingerprint to them over the phone.")


@charter.command("new")
@told
def new(
    *,
    file: CharterFile,
    run: Annotated[str, typer.Option("--run", help="Name of the run.")],
    cards: Annotated[list[Path], typer.Option("--card", help="A site's public keys; repeated, one for each site.")],
    organs: Annotated[list[str], typer.Option("--organs", help="Organs in the order of their labels from 1.")],
    keys: KeyFile,
    nnunet_version: Annotated[str, typer.Option(help="Version of nnU-Net that every site runs.")],
    rounds: Annotated[int, typer.Option(help="Rounds in all.")] = 200,
    local_epochs: Annotated[int, typer.Option(help="Epochs of a round at each site.")] = 5,
    weighting: Annotated[Literal["cases", "uniform"], typer.Option(help="How much a site counts.")] = "cases",
    momentum: Annotated[Literal["keep", "reset", "average"], typer.Option(help="The optimizer's, by round.")] = "reset",
    quorum: Annotated[int | None, typer.Option(help="Sites a round needs; default: all.")] = None,
    deadline_s: Annotated[int, typer.Option(help="Seconds others have after a round's first update.")] = 86400,
    kept_rounds: Annotated[int, typer.Option(help="Rounds whose weights stay in the store.")] = 5,
    closer: Annotated[str | None, typer.Option(help="The only site that closes rounds.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the first model.")] = 0,
) -> None:
    """Write a charter and sign it as the first site.

    \b
    Example:
      pedcontour federation charter new charter.dsse --run kidneys --card a.site --card b.site \\
        --organs liver,spleen --nnunet-version 2.8.1 --keys a.keys
    """
    from pedcontour.federation.keys import read_keys
    from pedcontour.federation.room import Charter, Site, decode, read_draft, say

    sites = tuple(sorted((decode(Site, _read(card)) for card in cards), key=lambda site: site.name))
    made = _sound(
        lambda: Charter(
            run,
            sites,
            tuple(names_of(organs)),
            nnunet_version,
            seed,
            rounds,
            local_epochs,
            weighting,
            momentum,
            len(sites) if quorum is None else quorum,
            deadline_s,
            kept_rounds,
            closer,
        )
    )
    signed = say(made, read_keys(keys).signing)
    read_draft(signed)  # refuses a key that is none of the sites'
    _write_new(file, signed)
    _show(made, read_draft(signed)[1])


@charter.command("sign")
@told
def sign(file: CharterFile, keys: KeyFile, to: Annotated[Path, typer.Option("--to", help="New file.")]) -> None:
    """Add this site's signature; read the charter and compare the fingerprints first.

    \b
    Example:
      pedcontour federation charter sign charter.dsse --keys b.keys --to charter-signed.dsse
    """
    from pedcontour.federation.keys import read_keys
    from pedcontour.federation.room import read_draft, say
    from pedcontour.federation.room.dsse import join, read_envelope, write_envelope

    draft = _read(file)
    agreed, _ = read_draft(draft)
    signed = write_envelope(join(read_envelope(draft), read_envelope(say(agreed, read_keys(keys).signing))))
    _, names = read_draft(signed)
    _write_new(to, signed)
    _show(agreed, names)


@charter.command("show")
@told
def show(file: CharterFile, as_json: AsJson = False) -> None:
    """Show what a charter says, who signed it, and each site's fingerprint.

    \b
    Example:
      pedcontour federation charter show charter.dsse
    """
    from pedcontour.federation.room import digest, encode, read_draft

    agreed, names = read_draft(_read(file))
    if as_json:
        print_json({"charter": asdict(agreed), "digest": digest(encode(agreed)), "signed_by": list(names)})
        return
    _show(agreed, names)


def _show(agreed: "Charter", signed_by: tuple[str, ...]) -> None:
    from pedcontour.federation.keys import fingerprint_of

    for name, value in asdict(agreed).items():
        if name not in ("sites", "organs"):
            out.print(f"{name:<16}{escape(str(value))}", highlight=False)
    out.print(f"{'organs':<16}{escape(', '.join(agreed.organs))}", highlight=False)
    for site in agreed.sites:
        state = "[green]signed[/]" if site.name in signed_by else "[yellow]not signed[/]"
        out.print(f"{site.name:<16}{fingerprint_of(site)}  {state}", highlight=False)


def _sound(make: Callable[[], Made]) -> Made:
    """What is made, or a refusal that says what is wrong with it."""
    from pydantic import ValidationError

    from pedcontour.federation.room.wire import charter_fault

    try:
        return make()
    except ValidationError as refused:
        raise charter_fault(refused) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadableError(type(error).__name__) from None


def _write_new(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise CharterError(f"{path} is there already") from None
    except OSError as error:
        raise FileUnreadableError(type(error).__name__) from None
