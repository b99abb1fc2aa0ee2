"""`pedcontour federation`: hospitals train together; one file per command."""

import typer

from pedcontour.cli.federation.charter import charter
from pedcontour.cli.federation.export import export
from pedcontour.cli.federation.join import join
from pedcontour.cli.federation.keygen import keygen
from pedcontour.cli.federation.log import log
from pedcontour.cli.federation.run import run
from pedcontour.cli.federation.simulate import simulate
from pedcontour.cli.federation.status import status

__all__ = ["federation"]

federation = typer.Typer(
    help="Train with other hospitals over a shared store.\n\n"
    "In order: keygen, charter new and sign, join, run; then export. Try it on one machine: simulate.\n\n"
    "Credentials of the store come from the environment or from files, never from a command line: docs/federation.md.",
    no_args_is_help=True,
)
federation.add_typer(charter, name="charter")
for command in (keygen, join, run, status, log, export, simulate):
    federation.command()(command)
