"""Labels of each mode against stock nnU-Net's."""

import json
from pathlib import Path

import pytest

from benchmarks.bench.agreement import FIRST_SEED, Compared, cases, compare_case
from benchmarks.bench.agreement_lines import REFERENCE, Kept, lines_of, markdown
from pedcontour.inference.choice import EngineChoice, load_engine
from tests.unit.benchmarks.conftest import Bench


@pytest.fixture(scope="module")
def compared(bench: Bench) -> Compared:
    engine = load_engine(bench.bundle, EngineChoice("cpu", cache=bench.home / "converted"))
    reference = load_engine(bench.bundle, EngineChoice("cpu", runtime="torch"))
    return Compared(bench.bundle, engine, reference, bench.training)


@pytest.mark.slow
def test_exact_draws_what_the_stock_command_draws_from_the_same_weights(bench: Bench, compared: Compared) -> None:
    found = compare_case(compared, bench.scan)
    assert list(found) == ["stock", REFERENCE, "exact", "standard", "fast"]
    assert {one["differing"] for one in found[REFERENCE]["stock"].values()} == {0}
    drawn = [one["dsc"] for one in found["exact"]["stock"].values() if one["dsc"] is not None]
    assert drawn, "the tiny network draws nothing: the comparison would say nothing"
    assert min(drawn) > 0.99


def test_a_case_that_is_there_is_not_run_again(compared: Compared, tmp_path: Path) -> None:
    done = [_case(0.99), _case(0.98)]
    for number, case in enumerate(done):
        (tmp_path / f"{FIRST_SEED + number}.json").write_text(json.dumps(case))
    assert list(cases(compared, tmp_path, len(done))) == done


def test_a_line_tells_the_worst_case_and_whether_it_meets_its_target() -> None:
    mode, liver = lines_of([_case(0.9999), _case(0.99)])
    assert (liver["ours"], liver["n"], liver["met"]) == (0.99, 2, False)
    assert liver["truth_dsc_less_stock"] == -0.002
    assert not liver["truth_met"]
    assert (mode["worst_organ"], mode["met"], mode["pairs_met"], mode["pairs"]) == ("liver", False, 1, 2)
    assert (mode["lowest_differing"], mode["lowest_voxels"]) == (2, 200)


def test_the_table_for_the_page_is_made_of_the_lines() -> None:
    other = {"name": "rtstruct", "ours": 1.0}
    assert "| liver | 0.9900 | 2 | 200 | 0.9900 | 1.00 | -0.0020 | +0.00 | 1 |" in markdown(
        [other, *lines_of([_case(0.99)])]
    )


def _case(dsc: float) -> Kept:
    ran = {"engine": "openvino-cpu-bf16", "tiles_run": 3, "tiles_skipped": 1}
    stock = {"liver": {"dsc": 0.95, "hd95_mm": 2.0}, "heart": {"dsc": None, "hd95_mm": None}}
    ours = {"liver": {"dsc": 0.948, "hd95_mm": 2.0}, "heart": {"dsc": None, "hd95_mm": None}}
    drawn = {"voxels": 200, "differing": 2}
    against_stock = {"liver": {"dsc": dsc, "hd95_mm": 1.0, **drawn}, "heart": {"dsc": None, "hd95_mm": None}}
    return {"stock": {"truth": stock}, "standard": {**ran, "truth": ours, "stock": against_stock}}
