"""`pedcontour federation charter`: what all sites of a run sign."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape

from pedcontour.cli.console import AsJson, names_of, out, print_json, told
from pedcontour.cli.federation.files import KeyFile, read_file, sound, write_new

if TYPE_CHECKING:
    from pedcontour.federation.room import Charter

charter = typer.Typer(help="Write, sign and read the charter of a run.", no_args_is_help=True)

CharterFile = Annotated[Path, typer.Argument(help="The charter's file.")]


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
    start: Annotated[
        Path | None, typer.Option(help="Model folder to begin with, instead of a seed; every site needs the same one.")
    ] = None,
) -> None:
    """Write a charter and sign it as the first site.

    \b
    Example:
      pedcontour federation charter new charter.dsse --run kidneys --card a.site --card b.site \\
        --organs liver,spleen --nnunet-version 2.8.1 --keys a.keys
    """
    from pedcontour.bundle import load_bundle
    from pedcontour.federation.keys import read_keys
    from pedcontour.federation.provenance import digest_of_bundle
    from pedcontour.federation.room import Charter, Site, decode, read_draft, say

    initial = None if start is None else digest_of_bundle(load_bundle(start))
    sites = tuple(sorted((decode(Site, read_file(card)) for card in cards), key=lambda site: site.name))
    made = sound(
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
            initial,
        )
    )
    signed = say(made, read_keys(keys).signing)
    read_draft(signed)  # refuses a key that is none of the sites'
    write_new(file, signed)
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

    draft = read_file(file)
    agreed, _ = read_draft(draft)
    signed = write_envelope(join(read_envelope(draft), read_envelope(say(agreed, read_keys(keys).signing))))
    _, names = read_draft(signed)
    write_new(to, signed)
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

    agreed, names = read_draft(read_file(file))
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
