"""Memory is known before it is taken."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pedcontour.errors import MemoryTooSmallError
from pedcontour.inference.memory import (
    MIB,
    Need,
    check_memory,
    memory_left_beside,
    memory_left_bytes,
    peak_resident_bytes,
)

PIPES: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
TEEN = Need((300, 512, 512), (310, 307, 307), 128, 20, 4, whole_volumes=False)


def test_the_length_of_an_image_takes_no_sums() -> None:
    longer = Need((600, 512, 512), (620, 307, 307), 128, 20, 4, whole_volumes=False)
    per_voxel = (longer.peak_bytes - TEEN.peak_bytes) / (300 * 512 * 512)
    assert per_voxel < 8


def test_a_plan_that_needs_whole_volumes_needs_more() -> None:
    whole = Need((300, 512, 512), (310, 307, 307), 128, 20, 4, whole_volumes=True)
    assert whole.peak_bytes > TEEN.peak_bytes + 20 * 310 * 307 * 307 * 4


def test_the_mean_over_folds_or_mirror_images_is_counted() -> None:
    mean = Need((300, 512, 512), (310, 307, 307), 128, 20, 4, whole_volumes=False, averaged=128**3)
    assert mean.peak_bytes == TEEN.peak_bytes + 20 * 128**3 * 4


def test_sums_of_each_fold_are_counted_where_they_are_held() -> None:
    three = Need((300, 512, 512), (310, 307, 307), 128, 20, 4, whole_volumes=False, windows=3)
    assert three.peak_bytes >= TEEN.peak_bytes + 2 * 20 * 128 * 307 * 307 * 4


def test_what_cannot_succeed_is_refused_in_numbers() -> None:
    check_memory(TEEN, TEEN.peak_bytes, TEEN.peak_bytes)
    check_memory(TEEN, TEEN.peak_bytes, None)
    with pytest.raises(MemoryTooSmallError) as refused:
        check_memory(TEEN, TEEN.peak_bytes, 100 * MIB)
    assert "300 x 512 x 512" in refused.value.detail
    assert "100 MiB" in refused.value.detail


def test_a_containers_limit_counts_where_it_is_below_the_machines_memory(tmp_path: Path) -> None:
    meminfo, limit = tmp_path / "meminfo", tmp_path / "memory.max"
    meminfo.write_text("MemTotal:       100000000 kB\nMemFree:        1 kB\n")
    machine = memory_left_bytes((limit,), meminfo)
    limit.write_text("max\n")
    unlimited = memory_left_bytes((limit,), meminfo)
    limit.write_text(f"{50_000_000 * 1024}\n")
    limited = memory_left_bytes((limit,), meminfo)
    assert machine is not None
    assert unlimited is not None
    assert limited is not None
    assert machine == pytest.approx(unlimited, rel=0.01)
    assert limited == pytest.approx(machine - 50_000_000 * 1024, rel=0.01)


def test_where_the_system_does_not_tell_it_may_be_tried(tmp_path: Path) -> None:
    assert memory_left_bytes((tmp_path / "none",), tmp_path / "none") is None


def test_what_other_processes_hold_is_not_there_where_they_stay() -> None:
    alone = memory_left_beside([])
    with subprocess.Popen([sys.executable, "-c", "b = bytearray(2**28); print(flush=True); input()"], **PIPES) as other:
        assert other.stdout is not None
        other.stdout.readline()
        beside = memory_left_beside([other.pid])
        gone = 2**22 - 1  # above any process id
        assert memory_left_beside([gone]) == pytest.approx(alone, rel=0.01)
        other.communicate("\n")
    assert alone is not None and beside is not None
    assert 2**28 <= alone - beside + 16 * MIB < 2 * 2**28


_SLIDE = """
import resource, sys
import numpy as np, torch
from types import SimpleNamespace
from pedcontour.inference.confidence import Confidence
from pedcontour.inference.labelling import labelling_for
from pedcontour.inference.layout import lay_tiles
from pedcontour.inference.memory import Need, peak_resident_bytes
from pedcontour.inference.nnunet_steps import prepare
from pedcontour.inference.sliding import finished_slabs
from tests.unit.inference.planned import definition_with
from tests.unit.inference.test_sliding import Blur

definition = definition_with({})
image = np.random.default_rng(0).integers(-1000, 1000, (240, 300, 300), dtype=np.int16)
spacing_mm = (2.0, 2.0, 2.0)
prepare(definition, image[:8, :8, :8], spacing_mm)
before = peak_resident_bytes()
prepared = prepare(definition, image, spacing_mm)
layout = lay_tiles(prepared.data.shape[1:], definition.patch_size, 0.5)
labelling = labelling_for(definition, prepared, layout, Confidence(tuple(range(8))))
for slab in finished_slabs(Blur(), prepared.data, layout, torch.float32, lambda share: None):
    labelling.add(slab)
labelling.channels()
need = Need(image.shape, layout.shape, definition.patch_size[0], 8, 4, whole_volumes=False)
print(peak_resident_bytes() - before, need.peak_bytes)
"""


@pytest.mark.slow
@pytest.mark.skipif(peak_resident_bytes() == 0, reason="this system does not tell a process's memory")
def test_what_is_taken_is_no_more_than_was_said_and_not_much_less() -> None:
    run = subprocess.run([sys.executable, "-c", _SLIDE], capture_output=True, text=True, check=True, timeout=300)
    taken, said = map(int, run.stdout.split())
    assert 0.4 * said < taken < 1.1 * said + 64 * MIB
