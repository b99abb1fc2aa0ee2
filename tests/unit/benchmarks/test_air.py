"""The lines of the row ``air``, with a tiny network and stock's command."""

import pytest

from benchmarks.bench.agreement import Compared
from benchmarks.bench.air import lines_of
from pedcontour.inference.choice import EngineChoice, load_engine
from tests.unit.benchmarks.conftest import Bench


@pytest.mark.slow
def test_exact_draws_in_air_what_stock_draws_and_standard_skips_it(bench: Bench) -> None:
    engine = load_engine(bench.bundle, EngineChoice("cpu", runtime="torch"))
    exact, standard = lines_of(Compared(bench.bundle, engine, engine, bench.training), bench.scan)
    assert (exact["name"], standard["name"]) == ("air/exact", "air/standard")
    assert exact["met"]
    assert exact["ours_in_air"] == pytest.approx(exact["stock_in_air"], rel=1e-3)
    assert exact["tiles_skipped"] == 0
    assert standard["tiles_skipped"] == exact["tiles_run"] - standard["tiles_run"] > 0
    assert standard["ours_in_air"] < standard["stock_in_air"]
