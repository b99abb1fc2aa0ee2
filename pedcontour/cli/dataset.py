"""`pedcontour dataset`: CTs and contours of a hospital become training data, at the hospital."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pedcontour.cli.console import EXIT_CANCELLED, AsJson, err, names_of, out, print_json, progress_bar, told
from pedcontour.errors import UploadEmptyError

if TYPE_CHECKING:
    from pedcontour.datasets.collection.importing import Imported

EXIT_LEFT_OUT = 3
"""All went well, but for cases that were left out."""

REPORT = "report.html"

dataset = typer.Typer(help="Make training data of CTs and contours.", no_args_is_help=True)


@dataset.callback()
def about() -> None:
    """Makes `import` a command of its own name, though it is the only one."""


@dataset.command("import")
@told
def import_dataset(
    *,
    folder: Annotated[
        Path, typer.Argument(help="Folder with CT series and RTSTRUCTs, in any layout.", exists=True, file_okay=False)
    ],
    site: Annotated[str, typer.Option("--site", help="Name of this site: small letters, digits, - and _.")],
    target: Annotated[
        Path, typer.Option("--out", "-o", help="nnU-Net raw data set, such as nnUNet_raw/Dataset605_Utrecht.")
    ],
    names: Annotated[
        Path | None, typer.Option("--names", help="The site's file of ROI names and rules (TOML).", dir_okay=False)
    ] = None,
    organs: Annotated[
        list[str] | None,
        typer.Option("--organs", help="Organs in the order of their labels from 1; default: all of organs.toml."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Key of the pseudonyms, made if missing; default: in PEDCONTOUR_DATA_DIR."),
    ] = None,
    keep_link: Annotated[
        bool, typer.Option("--keep-link", help="Keep beside the key which case is which patient.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything, write no data set.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import CT + RTSTRUCT as an nnU-Net v2 raw data set with pseudonyms.

    Series and structure sets are tied by what they refer to. Cases that cannot
    be used are left out with a code and a reason; cases already done are kept.
    Exit code 0: all cases are in; 3: some were left out; 1 or 2: it failed.

    \b
    Examples:
      pedcontour dataset import exports/ --site utrecht --out nnUNet_raw/Dataset605_Utrecht
      pedcontour dataset import exports/ --site utrecht --out d605 --names utrecht.toml --dry-run
    """
    from pedcontour.datasets.collection.folder import DatasetFolder, check_names
    from pedcontour.datasets.collection.importing import ImportRequest, import_collection
    from pedcontour.datasets.collection.pseudonyms import Pseudonyms, keep_links, read_or_make_key
    from pedcontour.datasets.collection.report import render
    from pedcontour.datasets.collection.rules import read_rules
    from pedcontour.dicom.given import sizes_of
    from pedcontour.dicom.sources import files_below
    from pedcontour.organs import all_organs, find_organ
    from pedcontour.settings import Settings

    wanted = tuple(find_organ(name).id for name in names_of(organs)) or tuple(all_organs())
    check_names(site, wanted)
    rules = read_rules(names)
    files = files_below(folder)
    if not files:
        raise UploadEmptyError
    sizes_of(files)  # one that cannot be read is told by its place, for its name may be a patient's
    key_file = key or Settings.read().data_dir / "sites" / f"{site}.pseudonym-key"
    pseudonyms = Pseudonyms(site, read_or_make_key(key_file))
    dataset_folder = DatasetFolder(target, site, wanted, pseudonyms.mark(b"key"))
    dataset_folder.check()
    request = ImportRequest(files, dataset_folder, rules, pseudonyms, dry_run)
    try:
        with progress_bar(quiet=as_json) as progress:
            imported = import_collection(request, progress)
    except KeyboardInterrupt:
        err.print("Stopped; cases that are done are kept, and the next run goes on from there.")
        raise typer.Exit(EXIT_CANCELLED) from None
    records = imported.records if dry_run else dataset_folder.records()
    if not dry_run:
        dataset_folder.write(REPORT, render(site, wanted, records, imported).encode())
        if keep_link:
            keep_links(key_file.with_suffix(".links.csv"), imported.links)
    if as_json:
        print_json(_document(imported, wanted))
    else:
        _show(imported, wanted)
        out.print("Nothing was written." if dry_run else f"  {escape(str(target / REPORT))}", soft_wrap=True)
        err.print(f"  key of the pseudonyms: {escape(str(key_file))}; it stays here", highlight=False, soft_wrap=True)
    if imported.left_out:
        raise typer.Exit(EXIT_LEFT_OUT)


def _document(imported: "Imported", organs: Sequence[str]) -> dict[str, object]:
    from dataclasses import asdict

    from pedcontour.datasets.collection.report import unknown_names

    return {
        "cases": [asdict(record) for record in imported.records],
        "left_out": [asdict(left) for left in imported.left_out],
        "kept": imported.again,
        "organs": list(organs),
        "unused_cases": list(imported.unused),
        "unknown_names": dict(unknown_names(imported.records)),
        "series_without_contours": imported.contents.series_without_contours,
        "damaged_files": imported.contents.damaged_files,
        "other_files": imported.contents.other_files,
    }


def _show(imported: "Imported", organs: Sequence[str]) -> None:
    from pedcontour.datasets.collection.report import cases_by_state, unknown_names

    _show_table(("organ", "annotated", "absent", "unannotated"), cases_by_state(imported.records, organs))
    if left_out := imported.left_out:
        rows = [(left.case, left.code, f"{left.advice} {left.detail}".strip()) for left in left_out]
        _show_table(("left out", "code", "why"), rows)
    if unknown := unknown_names(imported.records):
        _show_table(("ROI name without a meaning", "cases"), unknown)
    for case in imported.unused:
        out.print(f"The site file names {escape(case)}, and there is no such case.", highlight=False)
    remarked = sum(bool(record.remarks) for record in imported.records)
    done = f"{len(imported.records)} cases, {imported.again} of them done before, {remarked} with remarks"
    out.print(f"{done}; {len(imported.left_out)} left out", highlight=False)


def _show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    out.print(table)
