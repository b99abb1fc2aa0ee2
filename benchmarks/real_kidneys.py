"""The absence filter on a real CT, whole and with one kidney painted out: `python -m benchmarks.real_kidneys`.

The CT is that of an adult (TCIA ACRIN-FLT-Breast), which the network never saw; ``PEDCONTOUR_TEST_DATA`` names the
folder of the public sample data. It prints what became of both kidneys each time, and writes
``benchmarks/results/real_kidneys.json`` and a picture.
"""

import argparse
import os
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.painted_out import paint_out
from benchmarks.results_file import write_results
from pedcontour.bundle import ModelBundle, find_model
from pedcontour.dicom.reader import read_series
from pedcontour.inference.choice import load_engine
from pedcontour.inference.port import Engine
from pedcontour.organs import all_organs
from pedcontour.outputs import REVIEW_COLOUR
from pedcontour.postprocessing import Hints, Judged, Wishes, judge, rules_of
from pedcontour.preview.panel import draw_panel
from pedcontour.preview.planes import cut_planes
from pedcontour.settings import Settings
from pedcontour.verdicts import DRAWN, Verdict
from pedcontour.volume import LabelMap, Volume

DATA = Path(os.environ.get("PEDCONTOUR_TEST_DATA", Path(__file__).parents[1] / "shared" / "data"))
ARCHIVE = "real-ct-abdomen.zip"
KIDNEYS = ("kidney_right", "kidney_left")
PANEL_PX = (480, 344)
GAP_PX = 8


@dataclass(frozen=True, eq=False)
class Seen:
    """A CT and what became of it: all that the network drew (``drawn``), and what was judged of it."""

    image: Volume
    drawn: LabelMap
    judged: Judged

    @property
    def kidneys(self) -> dict[str, Verdict]:
        """The verdicts of both kidneys."""
        return {verdict.organ: verdict for verdict in self.judged.verdicts if verdict.organ in KIDNEYS}


def look_at(engine: Engine, bundle: ModelBundle, image: Volume) -> Seen:
    """Contour and judge a CT as the service does, keeping for review what is removed."""
    prediction = engine.segment(image, lambda share: None)
    hints = Hints(prediction.spread, prediction.firm)
    wishes = Wishes(policy="review_roi")
    judged = judge(prediction.labels, prediction.confidence, image, wishes, rules_of(bundle.presence), hints)
    return Seen(image, prediction.labels, judged)


def picture_of(pictured: Sequence[Seen], place: LabelMap) -> Image.Image:
    """Axial and coronal planes of each, a row each, through the middle of the kidneys of ``place``."""
    kidneys = {label: organ for label, organ in place.organs.items() if organ in KIDNEYS}
    through = LabelMap(place.grid, place.voxels, kidneys)
    colours = {label: all_organs()[organ].colour for label, organ in kidneys.items()}
    width, height = PANEL_PX
    picture = Image.new("RGB", (2 * width + GAP_PX, len(pictured) * (height + GAP_PX) - GAP_PX), "white")
    for row, seen in enumerate(pictured):
        shown = colours | dict.fromkeys(seen.judged.labels.review, REVIEW_COLOUR)
        for column, plane in enumerate(cut_planes(seen.image, seen.judged.labels, through)[:2]):
            place_px = (column * (width + GAP_PX), row * (height + GAP_PX))
            picture.paste(draw_panel(plane, PANEL_PX, shown), place_px)
    return picture


def rows_of(name: str, seen: Seen) -> list[dict[str, Any]]:
    """One row a kidney."""
    return [
        {
            "name": f"{name}/{organ}",
            "unit": "mL in the results",
            "ours": round(verdict.volume_ml, 2),
            "outcome": verdict.outcome,
            "drawn_ml": round(verdict.volume_before_ml, 2),
            "confidence": None if verdict.confidence is None else round(verdict.confidence, 3),
            "reason": verdict.reason,
        }
        for organ, verdict in seen.kidneys.items()
    ]


def show(table: Sequence[Mapping[str, Any]]) -> None:
    """Print what became of the kidneys."""
    printed = Table("drawn mL", "in the results", "outcome", "CT / kidney")
    for row in table:
        printed.add_row(f"{row['drawn_ml']:.1f}", f"{row['ours']:.1f}", row["outcome"], row["name"])
    Console().print(printed)
    for row in table:
        Console().print(f"{row['name']}: {row['reason']}", highlight=False)


def read_real_ct() -> Volume:
    """The CT from the archive of the sample data. Raises ``FileNotFoundError`` where that is not at hand."""
    with TemporaryDirectory() as folder, zipfile.ZipFile(DATA / ARCHIVE) as archive:
        archive.extractall(folder)
        return read_series(sorted(Path(folder).rglob("*.dcm"))).series.volume


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table, write results and picture; exit 1 where a kidney that is there was not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=None, help="model id (default: the installed one)")
    parser.add_argument(
        "--picture", type=Path, default=None, help="where to write the picture, such as kidneys-real.png"
    )
    options = parser.parse_args(argv)
    bundle = find_model(Settings().models_dir, options.model)
    engine, image = load_engine(bundle), read_real_ct()
    whole = look_at(engine, bundle, image)
    without = {
        kidney: look_at(engine, bundle, paint_out(image, whole.drawn, kidney))
        for kidney in KIDNEYS
        if whole.drawn.mask(kidney).any()
    }
    table = rows_of("whole", whole)
    for kidney, seen in without.items():
        table += rows_of(f"without {kidney}", seen)
    show(table)
    if options.picture is not None:
        picture_of([whole, *without.values()], whole.drawn).save(options.picture, optimize=True)
    path = write_results("real_kidneys", "python -m benchmarks.real_kidneys", table, model=bundle.id)
    Console().print(f"written: {path}")
    return 0 if all(verdict.outcome in DRAWN for verdict in whole.kidneys.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
