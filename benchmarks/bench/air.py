"""Row ``air``: a patient at the edge of a wide field of view, where modes but ``exact`` skip tiles, against stock.

One held-out phantom with air beside it: how the organs compare within the old field of view, and what either draws in
the air. Stock is its own command in float32 without mirroring, from the same weights.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.bench.agreement import FIRST_SEED, Compared, drawn_by_stock, held_out, shipped
from benchmarks.bench.agreement_lines import LEAST_DSC
from benchmarks.bench.rows import Figures, Row
from pedcontour.inference.modes import Mode
from pedcontour.inference.port import Prediction
from pedcontour.metrics import dice
from pedcontour.orientation import AxisChange
from pedcontour.phantom import Scan
from pedcontour.volume import Grid, LabelMap, Volume

AIR_COLUMNS = 350
AIR_HU = -1000
MODES: Sequence[Mode] = ("exact", "standard")


def measure() -> list[Figures]:
    """The lines of the shipped model."""
    return lines_of(shipped(), held_out(FIRST_SEED))


def lines_of(compared: Compared, scan: Scan) -> list[Figures]:
    """A line a mode."""
    image = AxisChange.to_canonical(scan.image.grid).volume(scan.image)
    wide = with_air(image)
    stock = drawn_by_stock(compared, wide)
    columns = image.grid.shape[2]
    return [_line(compared.engine.segment(wide, lambda _: None, mode), stock, columns) for mode in MODES]


def with_air(image: Volume) -> Volume:
    """The image with air behind the last of its columns."""
    voxels = np.pad(image.voxels, ((0, 0), (0, 0), (0, AIR_COLUMNS)), constant_values=AIR_HU)
    slices, rows, columns = image.grid.shape
    return Volume(Grid((slices, rows, columns + AIR_COLUMNS), image.grid.affine), voxels)


def _line(ours: Prediction, stock: LabelMap, columns: int) -> Figures:
    """``ours`` is the lowest DSC of an organ within the first ``columns``; what lies behind them is air."""
    drawn, theirs = ours.labels.voxels[..., :columns], stock.voxels[..., :columns]
    found = {organ: dice(theirs == label, drawn == label) for label, organ in stock.organs.items()}
    known = {organ: float(dsc) for organ, dsc in found.items() if dsc is not None}
    worst, least = min(known, key=lambda organ: known[organ]), LEAST_DSC[ours.mode]
    return {
        "name": f"air/{ours.mode}",
        "ours": round(known[worst], 4),
        "worst_organ": worst,
        "unit": "lowest DSC in the old field of view",
        "target": f">= {least:g}",
        "met": known[worst] >= least,
        "n": 1,
        "engine": ours.engine,
        "tiles_run": ours.tiles_run,
        "tiles_skipped": ours.tiles_skipped,
        "differing": int(np.count_nonzero(drawn != theirs)),
        "voxels": int(np.count_nonzero(theirs)),
        "ours_in_air": int(np.count_nonzero(ours.labels.voxels[..., columns:])),
        "stock_in_air": int(np.count_nonzero(stock.voxels[..., columns:])),
    }


ROW = Row("air", "a patient beside much air, where tiles are skipped: labels against stock nnU-Net's", measure)
