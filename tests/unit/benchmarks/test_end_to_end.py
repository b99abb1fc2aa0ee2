"""DICOM to DICOM: stock's steps up to its labels, and what is said of both sides."""

from pathlib import Path

import pytest

from benchmarks.bench.cold_start import line
from benchmarks.bench.end_to_end import as_nifti, lines
from benchmarks.bench.sides import Runs
from benchmarks.bench.stock import predict, predicted
from tests.unit.benchmarks.conftest import Bench


@pytest.mark.slow
def test_stock_labels_the_series_that_simpleitk_read(bench: Bench, tmp_path: Path) -> None:
    as_nifti(bench.home / "case" / "ct", tmp_path)
    peak_mib = predict(bench.training, tmp_path)
    assert predicted(tmp_path).shape == bench.scan.truth.voxels.shape
    assert peak_mib > 200


def test_a_cold_start_costs_what_its_median_takes_longer() -> None:
    figures = line(_runs(2.0, 300, 5), _runs(8.0, 400, 5))
    assert (figures["ours"], figures["met"], figures["n"]) == (6.0, False, 5)


def test_each_side_says_how_often_it_ran_and_whether_the_target_is_met() -> None:
    ours, stock = _runs(2.0, 300, 5), _runs(30.0, 1000, 2)
    warm, cold, memory = lines("teen", {"warm standard": ours, "cold standard": ours, "stock": stock}, "standard", 12.0)
    assert (warm["ratio"], warm["n"], warm["other_n"], warm["met"]) == (15.0, 5, 2, True)
    assert (warm["tiles"], warm["other_tiles"]) == (3, 4)
    assert cold["name"] == "teen/cold"
    assert (memory["ratio"], memory["met"]) == (0.3, True)


def _runs(seconds: float, peak_mib: float, count: int) -> Runs:
    facts = {
        "tiles_run": 3,
        "tiles_skipped": 1,
        "engine": "openvino-cpu-bf16",
        "stages_s": {},
        "load_s": 1.0,
        "job_s": 2.0,
    }
    return Runs([{"seconds": seconds, "cpu_s": seconds, "peak_mib": peak_mib, **facts}] * count)
