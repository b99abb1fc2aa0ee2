"""Row ``agreement``: labels of each mode against stock nnU-Net's, and both against the truth, organ by organ.

The shipped model on held-out phantoms: stock is its own command in float32 without mirroring, from the same weights. A
case is kept when it is done, under the model's digest and the commit, so that a run that was cut off goes on; of a tree
with uncommitted changes none is.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.bench.agreement_lines import LEAST_DSC, REFERENCE, Kept, lines_of, markdown
from benchmarks.bench.networks import Training, training_of
from benchmarks.bench.rows import Figures, Row, keep
from benchmarks.bench.stock import image_path, predict, predicted
from benchmarks.bench.teen import KEPT
from benchmarks.results_file import commit, names_code, read_rows
from pedcontour.bundle import ModelBundle, find_model
from pedcontour.datasets.children import FIRST_HELD_OUT_SEED, ChildMix, random_child, random_scan
from pedcontour.datasets.nifti import write_nifti
from pedcontour.inference.choice import EngineChoice, load_engine
from pedcontour.inference.modes import MODES
from pedcontour.inference.port import Engine
from pedcontour.metrics import compare
from pedcontour.orientation import AxisChange
from pedcontour.phantom import Scan, scan_child
from pedcontour.settings import Settings
from pedcontour.volume import LabelMap, Volume

FIRST_SEED = FIRST_HELD_OUT_SEED + 5000
"""Neither training nor ``make accuracy`` uses these."""
CASES = 20
WHOLE = ChildMix(short_stack=0.0, wide_roll=0.0)


@dataclass(frozen=True)
class Compared:
    """A model both ways: our engines, and stock's results folder from the same weights.

    ``reference`` runs on PyTorch, as stock does.
    """

    bundle: ModelBundle
    engine: Engine
    reference: Engine
    training: Training

    @property
    def runs(self) -> dict[str, tuple[Engine, str]]:
        """What is compared, by name: engine and mode; the modes are those that the model can run in."""
        modes = [mode for mode in MODES if mode != "tta" or self.bundle.mirroring_axes]
        return {REFERENCE: (self.reference, "exact")} | {mode: (self.engine, mode) for mode in modes}


def measure(count: int = CASES, device: str = "cpu", least_dsc: Mapping[str, float] = LEAST_DSC) -> list[Figures]:
    """The lines of ``count`` phantoms; those that are there already are not run again.

    Ours runs on ``device``, stock always in float32 on the processor.
    """
    compared = shipped(device)
    where = "" if device == "cpu" else f"-{device}"
    with keeping(f"{compared.bundle.digest[:16]}-{commit()}{where}", commit()) as kept:
        return lines_of(list(cases(compared, kept, count)), least_dsc)


def shipped(device: str = "cpu") -> Compared:
    """The shipped model both ways."""
    bundle = find_model(Settings().models_dir, None)
    engine = load_engine(bundle, EngineChoice(device, cache=KEPT / "converted"))
    reference = load_engine(bundle, EngineChoice("cpu", runtime="torch"))
    return Compared(bundle, engine, reference, training_of(bundle))


def held_out(seed: int) -> Scan:
    """The phantom of a seed."""
    rng = np.random.default_rng(seed)
    return scan_child(random_child(seed, rng, WHOLE), random_scan(seed, rng, WHOLE))


@contextmanager
def keeping(name: str, made_by: str) -> Iterator[Path]:
    """A folder for cases: kept under ``name`` where the commit says all of what made them, else for this run alone."""
    if names_code(made_by):
        yield KEPT / "agreement" / name
        return
    with tempfile.TemporaryDirectory(prefix="pedcontour-agreement-") as folder:
        yield Path(folder)


def cases(compared: Compared, kept: Path, count: int) -> Iterator[Kept]:
    """What each phantom gave, from its file or newly run."""
    kept.mkdir(parents=True, exist_ok=True)
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        file = kept / f"{seed}.json"
        if not file.exists():
            staging = file.with_suffix(".part")
            staging.write_text(json.dumps(compare_case(compared, held_out(seed))))
            staging.rename(file)
        found: Kept = json.loads(file.read_text())
        yield found


def compare_case(compared: Compared, scan: Scan) -> Kept:
    """Figures by organ: ``stock`` against the truth, and each mode against the truth and against stock.

    All masks lie on the CT's grid, turned into the canonical orientation that stock's network was trained in.
    """
    change = AxisChange.to_canonical(scan.image.grid)
    turned, truth = change.volume(scan.image), change.label_map(scan.truth)
    stock = drawn_by_stock(compared, turned)
    found: Kept = {"stock": {"truth": _figures(truth, stock)}}
    for name, (engine, mode) in compared.runs.items():
        prediction = engine.segment(turned, lambda _: None, mode)  # type: ignore[arg-type]
        ours = prediction.labels
        found[name] = {"truth": _figures(truth, ours), "stock": _figures(stock, ours), "engine": prediction.engine}
        found[name] |= {"tiles_run": prediction.tiles_run, "tiles_skipped": prediction.tiles_skipped}
    return found


def drawn_by_stock(compared: Compared, turned: Volume) -> LabelMap:
    """The command's labels of an image in canonical orientation."""
    with tempfile.TemporaryDirectory() as work:
        write_nifti(turned, image_path(Path(work)))
        predict(compared.training, Path(work))
        labels = np.array(compared.bundle.label_of_channel, np.uint8)[predicted(Path(work))]
    return LabelMap(turned.grid, labels, compared.engine.organs)


def _figures(reference: LabelMap, prediction: LabelMap) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    labels = {organ: label for label, organ in reference.organs.items()}
    for one in compare(reference, prediction):
        there, drawn = (volume.voxels == labels[one.organ] for volume in (reference, prediction))
        counts = {"voxels": int(np.count_nonzero(there)), "differing": int(np.count_nonzero(there != drawn))}
        figures[one.organ] = {"dsc": one.dsc, "hd95_mm": one.hd95_mm, **counts}
    return figures


def main() -> None:
    """Run some cases, or print the table for docs/modes.md from what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=CASES, help=f"How many phantoms (default {CASES}).")
    parser.add_argument("--markdown", action="store_true", help="Print the table that was measured last; run nothing.")
    options = parser.parse_args()
    lines = read_rows("bench") if options.markdown else keep(measure(options.cases))
    Console(soft_wrap=True, highlight=False).print(markdown(lines), markup=False)


ROW = Row("agreement", "labels of each mode against stock nnU-Net's and the truth, organ by organ", measure)

if __name__ == "__main__":
    main()
