"""Our side of the rows that run a network."""

from pathlib import Path

import pytest

from benchmarks.bench.contouring import cold, warm
from benchmarks.bench.side import run
from tests.unit.benchmarks.conftest import Bench

pytestmark = pytest.mark.slow


def test_a_warm_side_runs_the_network_and_writes_the_truth(bench: Bench) -> None:
    given = bench.given()
    figures = run(warm(given))
    assert figures["tiles_run"] > 1
    assert figures["stages_s"]["segment.network"] > 0
    assert figures["seconds"] > figures["stages_s"]["segment"]
    assert {path.name for path in (Path(given["work"]) / "out-standard").iterdir()} >= {"rtstruct.dcm", "seg.dcm"}


def test_a_cold_side_takes_the_start_of_its_process_too(bench: Bench) -> None:
    figures = run(cold(bench.given("exact")))
    assert figures["seconds"] > figures["load_s"] + figures["job_s"]
    assert figures["cpu_s"] > 0.5
    assert figures["peak_mib"] > 100
