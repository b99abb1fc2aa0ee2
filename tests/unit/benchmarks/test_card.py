"""The column for a graphics card, as far as it can be run without one."""

import pytest
import torch

from benchmarks.bench.agreement_lines import lines_of
from benchmarks.bench.card import LEAST_DSC, roof_line
from benchmarks.bench.end_to_end import CARD_TARGET_MIB, lines, targets_on
from benchmarks.bench.rows import BENCH, table_of
from benchmarks.bench.sides import Runs
from tests.unit.benchmarks.conftest import Bench
from tests.unit.benchmarks.test_agreement import _case
from tests.unit.inference.devices import NEEDS_CUDA, on_every_device


@pytest.mark.slow
@on_every_device
def test_a_batch_of_tiles_is_told_as_a_share_of_the_roof(bench: Bench, device: torch.device) -> None:
    line = roof_line(bench.bundle, device, sizes=[128])
    assert line["ours"] > 0
    assert line["other"] > 0
    assert line["engine"].startswith(f"torch-{device.type}-")


@pytest.mark.parametrize(("peak_mib", "met"), [(CARD_TARGET_MIB, True), (CARD_TARGET_MIB + 1, False)])
def test_a_cards_memory_is_told_where_one_was_used(peak_mib: int, met: bool) -> None:
    facts = {"seconds": 2.0, "cpu_s": 2.0, "peak_mib": 300, "tiles_run": 3, "tiles_skipped": 1, "stages_s": {}}
    facts["engine"] = "torch-cuda-amp16"
    ours, stock = Runs([facts | {"card_peak_mib": peak_mib}]), Runs([facts | {"seconds": 20.0}])
    runs = {"warm standard": ours, "cold standard": ours, "stock": stock}
    warm, *_, memory = lines("end_to_end/teen/standard", runs, "standard", targets_on("cuda")["standard"])
    assert warm["target"] == ">= 8x"
    assert (memory["ours"], memory["met"]) == (peak_mib, met)


def test_a_cards_labels_are_held_to_half_precisions_bound() -> None:
    mode, *_ = lines_of([_case(0.996)], LEAST_DSC)
    assert (mode["target"], mode["met"]) == (">= 0.997", False)


def test_the_processors_lines_stay_where_they_were() -> None:
    assert table_of("cpu") is BENCH


@NEEDS_CUDA
def test_a_cards_lines_name_it() -> None:
    assert table_of("cuda").more["card"] == torch.cuda.get_device_name()
