"""The options of every command that has results written: what is written, how, and for which planning system."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from pedcontour.outputs import RoiNames, TemplateFolder, read_template
from pedcontour.outputs.names import TEMPLATE_ENDINGS

_PANEL = "Outputs"

Profile = Annotated[
    str | None,
    typer.Option(
        help="Planning system to preset the options below for: generic, eclipse, raystation, monaco, pinnacle.",
        rich_help_panel=_PANEL,
    ),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "--outputs",
        help="Write only these: rtstruct, seg, preview; comma-separated or repeated. The report is always written.",
        rich_help_panel=_PANEL,
    ),
]
SegEncoding = Annotated[
    str | None, typer.Option(help="binary, or labelmap: smaller, for few readers.", rich_help_panel=_PANEL)
]
Holes = Annotated[
    str | None, typer.Option(help="rings (even-odd), or keyhole: cut into the outer ring.", rich_help_panel=_PANEL)
]
Decimals = Annotated[str | None, typer.Option(help="Of coordinates in mm: 1 to 6.", rich_help_panel=_PANEL)]
NameLength = Annotated[str | None, typer.Option(help="Longest ROI name: 1 to 52.", rich_help_panel=_PANEL)]
Names = Annotated[
    str | None,
    typer.Option(help="Template of ROI names: tg263, or the id of a site's own.", rich_help_panel=_PANEL),
]
EmptyRois = Annotated[
    str | None,
    typer.Option(
        help="omit, or keep: an ROI without contours for what was asked for and not drawn.", rich_help_panel=_PANEL
    ),
]


def find_names(folder: TemplateFolder) -> Callable[[str], RoiNames]:
    """Templates by id, or by path where a word ends as a template's file does."""

    def find(word: str) -> RoiNames:
        path = Path(word)
        return read_template(path) if path.suffix.lower() in TEMPLATE_ENDINGS else folder.find(word)

    return find
