"""The program `pedcontour`: every command, by name."""

from typing import Annotated

import typer

from pedcontour import __version__
from pedcontour.cli.audit import audit
from pedcontour.cli.contour import contour
from pedcontour.cli.dataset import dataset
from pedcontour.cli.demo import demo
from pedcontour.cli.federation import federation
from pedcontour.cli.jobs import jobs
from pedcontour.cli.keys import keys
from pedcontour.cli.models import models
from pedcontour.cli.phantom import phantom
from pedcontour.cli.serve import serve
from pedcontour.cli.submit import submit

app = typer.Typer(
    name="pedcontour",
    help="Draws the organs at risk on a child's planning CT: DICOM CT in, RTSTRUCT and DICOM SEG out.\n\n"
    "Start with: pedcontour demo --out demo-out\n\n"
    "Results are AI-generated and not reviewed. Not for clinical use without local validation.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals may hold patient data
    add_completion=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pedcontour {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Shown as the program's help; the text is the app's."""


app.command()(contour)
app.command()(submit)
app.command()(serve)
app.command()(demo)
app.command()(phantom)
app.add_typer(jobs, name="jobs")
app.add_typer(models, name="models")
app.add_typer(keys, name="keys")
app.add_typer(audit, name="audit")
app.add_typer(dataset, name="dataset")
app.add_typer(federation, name="federation")
