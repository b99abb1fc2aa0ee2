"""`pedcontour phantom`: a made-up child on a made-up scanner, with the truth beside it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pedcontour import __version__
from pedcontour.cli.console import AsJson, err, print_json, told
from pedcontour.cli.console import out as console
from pedcontour.cli.contour import OutFolder
from pedcontour.errors import RequestError, ResultError

if TYPE_CHECKING:
    from pedcontour.phantom import ChildSpec, ScanSpec
    from pedcontour.volume import Grid, LabelMap

TRUTH_CREATED = datetime(2026, 1, 1, tzinfo=UTC)
"""Every phantom's truth carries this date, so that the same seed gives the same bytes."""


class KidneySide(StrEnum):
    """Which kidney surgery removed."""

    LEFT = "left"
    RIGHT = "right"


class Filling(StrEnum):
    """What moved into the bed of a removed kidney."""

    BOWEL = "bowel"
    SPLEEN = "spleen"
    LIVER = "liver"
    MUSCLE = "muscle"
    FAT = "fat"
    FLUID = "fluid"


class Position(StrEnum):
    """DICOM's patient positions."""

    HFS = "HFS"
    HFP = "HFP"
    FFS = "FFS"
    FFP = "FFP"
    HFDL = "HFDL"
    HFDR = "HFDR"
    FFDL = "FFDL"
    FFDR = "FFDR"


@told
def phantom(
    *,
    out: OutFolder,
    age: Annotated[float, typer.Option(min=0.0, max=18.0, help="Age in years: it sets the size.")] = 6.0,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another child.")] = 1,
    contrast: Annotated[bool, typer.Option(help="With intravenous contrast agent.")] = True,
    absent_kidney: Annotated[KidneySide | None, typer.Option(help="Removed by surgery.")] = None,
    bed_filling: Annotated[Filling, typer.Option(help="What moved into its place.")] = Filling.BOWEL,
    position: Annotated[Position, typer.Option(help="Patient position.")] = Position.HFS,
    roll: Annotated[float, typer.Option(help="Degrees about the body axis that the header does not know.")] = 0.0,
    spacing: Annotated[float, typer.Option(min=0.3, help="Pixel size in mm.")] = 1.5,
    slice_spacing: Annotated[float, typer.Option(min=0.3, help="Distance of slices in mm.")] = 3.0,
    descending: Annotated[bool, typer.Option("--descending", help="Store the slices from head to feet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a synthetic child and write its CT with the truth.

    The folder gets ct/ (DICOM), truth-rtstruct.dcm, and truth.npz with
    `labels` (slice, row, column), `organs` and `affine` (index to LPS mm).

    \b
    Examples:
      pedcontour phantom --out child
      pedcontour phantom -o child --age 3 --no-contrast
      pedcontour phantom -o child --absent-kidney left --bed-filling spleen
      pedcontour phantom -o lateral --position HFDL --roll 10 --seed 7
    """
    from pedcontour.contour.staging import staged_folder
    from pedcontour.phantom import ChildSpec, ScanSpec

    with _as_request_errors():
        child = ChildSpec(
            seed=seed,
            age_years=age,
            contrast=contrast,
            absent_kidney=absent_kidney.value if absent_kidney else None,
            bed_filling=bed_filling.value,
        )
        scan = ScanSpec(
            spacing_mm=(spacing, spacing),
            slice_spacing_mm=slice_spacing,
            patient_position=position.value,
            roll_deg=roll,
            descending=descending,
            seed=seed,
        )
    if not as_json:
        err.print(f"Making a child of {age:g} years", highlight=False)
    with staged_folder(out) as folder:
        slices = make_phantom(child, scan, folder)
    written = {"out": str(out.absolute()), "ct": "ct", "slices": slices, "truth": ["truth-rtstruct.dcm", "truth.npz"]}
    if as_json:
        print_json(written)
    else:
        console.print(f"  CT     {escape(str(out / 'ct'))} ({slices} slices)", highlight=False, soft_wrap=True)
        console.print(f"  truth  {escape(str(out / 'truth-rtstruct.dcm'))}", highlight=False, soft_wrap=True)
        console.print(f"         {escape(str(out / 'truth.npz'))}", highlight=False, soft_wrap=True)


def make_phantom(child: "ChildSpec", scan: "ScanSpec", folder: Path) -> int:
    """Write one phantom into an existing folder: ``ct/``, ``truth-rtstruct.dcm``, ``truth.npz``; returns its slices."""
    import numpy as np

    from pedcontour.dicom.contoured import ContouredSeries
    from pedcontour.dicom.ct_writer import SyntheticStudy, write_ct_series
    from pedcontour.dicom.identity import ResultIdentity
    from pedcontour.dicom.origin import SYNTHETIC_TRUTH
    from pedcontour.dicom.reader import read_series
    from pedcontour.dicom.rois import rois_of
    from pedcontour.dicom.rtstruct import write_rtstruct
    from pedcontour.phantom import scan_child

    made = scan_child(child, scan)
    study = SyntheticStudy(
        seed=child.seed,
        patient_position=made.patient_position,
        age_years=child.age_years,
        contrast=child.contrast,
        description="Synthetic child",
    )
    files = write_ct_series(made.image, folder / "ct", study)
    series = read_series(files).series
    # The files' slices run along their normal, the scan's perhaps against it: the truth goes onto the files' grid.
    truth = _onto(made.truth, series.volume.grid)
    digest = hashlib.sha256(repr((child, scan)).encode()).hexdigest()
    identity = ResultIdentity(digest[:32], TRUTH_CREATED, "phantom-truth", digest, __version__)
    rois = rois_of(truth, truth.organs.values())
    write_rtstruct(ContouredSeries(series, truth, rois, identity, SYNTHETIC_TRUTH), folder / "truth-rtstruct.dcm")
    np.savez_compressed(
        folder / "truth.npz",
        labels=truth.voxels,
        affine=truth.grid.affine,
        organs=np.array([f"{label} {organ}" for label, organ in sorted(truth.organs.items())]),
    )
    return len(files)


def _onto(truth: "LabelMap", grid: "Grid") -> "LabelMap":
    """The truth on the grid of the series read back: the same slices, in the same or the reverse order."""
    from pedcontour.orientation import AxisChange

    if truth.grid.same_place(grid):
        return truth
    turned = AxisChange((0, 1, 2), (True, False, False)).label_map(truth)
    if not turned.grid.same_place(grid):
        raise ResultError("the phantom's CT was read back on another grid than it was written on")
    return turned


@contextmanager
def _as_request_errors() -> Iterator[None]:
    """Settings of a phantom that do not go together are the user's, not a fault: say so."""
    try:
        yield
    except ValueError as error:
        raise RequestError(str(error)) from None
