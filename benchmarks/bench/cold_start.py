"""Row ``cold_start``: what the first job of a new process waits longer than a later one, converted weights at hand.

The full-size network and a short stack of slices; the process is ``pedcontour contour``'s own work, from its start to
its end, so libraries and the model are in it. A worker pays this before it says that it is ready.
"""

import tempfile

from benchmarks.bench.networks import full_network
from benchmarks.bench.rows import Figures, Row
from benchmarks.bench.sides import Runs, Side, in_turns
from benchmarks.bench.teen import KEPT, case

TARGET_S = 5.0


def measure() -> list[Figures]:
    """Median of cold jobs less that of warm ones."""
    bundle, _ = full_network()
    with tempfile.TemporaryDirectory() as work:
        given = {"case": str(case("short").folder), "model": str(bundle.folder), "mode": "standard", "work": work}
        given["cache"] = str(KEPT / "converted")
        # The warm-up converts the network.
        runs = in_turns({kind: Side(f"benchmarks.bench.contouring:{kind}", given) for kind in ("warm", "cold")})
    return [line(runs["warm"], runs["cold"])]


def line(warm: Runs, cold: Runs) -> Figures:
    """The row, from jobs of a warm process and of new ones."""
    overhead_s = cold.median("seconds") - warm.median("seconds")
    return {
        "name": "cold_start",
        "ours": round(overhead_s, 2),
        "unit": "s more than a warm job",
        "target": f"<= {TARGET_S:g}",
        "met": overhead_s <= TARGET_S,
        "n": len(cold.figures),
        "warm_s": round(warm.median("seconds"), 2),
        "cold_s": round(cold.median("seconds"), 2),
        "cold_load_s": round(cold.median("load_s"), 2),
        "cold_job_s": round(cold.median("job_s"), 2),
        "cpu_overhead_s": round(cold.median("cpu_s") - warm.median("cpu_s"), 2),
        "ours_peak_mib": round(cold.median("peak_mib")),
        "engine": cold.last["engine"],
    }


ROW = Row("cold_start", "the first job of a new process against a later one", measure)
