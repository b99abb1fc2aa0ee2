"""Memory is known before it is taken."""

import subprocess
import sys
from dataclasses import replace
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


def test_what_the_network_takes_is_counted_beside_the_sums_and_not_on_a_card() -> None:
    running = replace(TEEN, network_bytes=2**30)
    assert running.peak_bytes == TEEN.peak_bytes + 2**30
    assert running.on_card_bytes == TEEN.on_card_bytes
    assert running.beside_card_bytes == TEEN.beside_card_bytes


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


MACHINE = 100_000_000 * 1024
LIMIT = MACHINE // 2


def _system(root: Path, files: dict[str, str]) -> Path:
    """The kernel's files of a machine, in a folder of ours."""
    for name, text in ({"proc/meminfo": f"MemTotal:  {MACHINE // 1024} kB\nMemFree:  1 kB\n"} | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "there"),
    [
        ({}, MACHINE),
        ({"sys/fs/cgroup/memory.max": "max\n"}, MACHINE),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{LIMIT}\n"}, LIMIT),
        ({"proc/self/cgroup": "0::/a.slice/b\n", "sys/fs/cgroup/a.slice/b/memory.max": f"{LIMIT}\n"}, LIMIT),
        (
            {
                "proc/self/cgroup": "0::/a.slice/b\n",
                "sys/fs/cgroup/a.slice/b/memory.max": "max\n",
                "sys/fs/cgroup/a.slice/memory.max": f"{LIMIT}\n",
            },
            LIMIT,
        ),
        ({"proc/self/cgroup": "0::/../x\n", "sys/fs/cgroup/memory.max": f"{LIMIT}\n"}, LIMIT),
        ({"proc/self/cgroup": "0::/other\n", "sys/fs/cgroup/a.slice/memory.max": f"{LIMIT}\n"}, MACHINE),
        (
            {
                "proc/self/cgroup": "5:cpu,memory:/x\n1:name=systemd:/y\n0::/z\n",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": f"{LIMIT}\n",
            },
            LIMIT,
        ),
        (
            {"proc/self/cgroup": "5:memory:/x\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{LIMIT}\n"},
            LIMIT,
        ),
    ],
    ids=[
        "no groups",
        "no limit",
        "a container",
        "a group on the host",
        "a group above",
        "a group out of sight",
        "another's group",
        "version 1",
        "a container of version 1",
    ],
)
def test_the_lowest_limit_of_the_own_groups_counts_else_the_machines_memory(
    tmp_path: Path, files: dict[str, str], there: int
) -> None:
    left = memory_left_bytes(_system(tmp_path, files))
    assert left is not None
    assert there - 2**33 < left < there, "less what this process holds"


def test_where_the_system_does_not_tell_it_may_be_tried(tmp_path: Path) -> None:
    assert memory_left_bytes(tmp_path) is None


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
import sys
import numpy as np, torch
from pedcontour.inference.confidence import Confidence
from pedcontour.inference.fold_mean import mean_of_slabs
from pedcontour.inference.labelling import labelling_for
from pedcontour.inference.layout import lay_tiles
from pedcontour.inference.memory import Need, peak_resident_bytes
from pedcontour.inference.nnunet_steps import prepare
from pedcontour.inference.sliding import finished_slabs, padded
from tests.unit.inference.planned import definition_with

class Constant:
    device, channels, tiles_at_once = torch.device("cpu"), 8, 1

    def __init__(self, patch):
        self.logits = torch.randn(1, 8, *patch)

    def __call__(self, tiles):
        return self.logits

def run(image, patch, step, folds):
    definition = definition_with({"patch_size": list(patch)})
    network = Constant(patch)
    prepared = prepare(definition, image, (3.0, 3.0, 3.0))
    layout = lay_tiles(prepared.data.shape[1:], definition.patch_size, step)
    data, sums = padded(prepared.data, layout, network.device), torch.half if folds > 1 else torch.float32
    labelling = labelling_for(definition, prepared, layout, Confidence(tuple(range(8))))
    slabs = [finished_slabs(network, data, layout, sums, lambda share: None) for _ in range(folds)]
    for slab in mean_of_slabs(slabs) if folds > 1 else slabs[0]:
        labelling.add(slab)
    labelling.channels()
    windows = folds + 1 if folds > 1 else 1
    return Need(image.shape, layout.shape, patch[0], 8, sums.itemsize, whole_volumes=False, windows=windows)

shape, patch, step, folds = eval(sys.argv[1])
image = np.random.default_rng(0).integers(-1000, 1000, shape, dtype=np.int16)
run(image[:8, :8, :8], (8, 8, 8), step, folds)
before = peak_resident_bytes()
print(run(image, patch, step, folds).peak_bytes, peak_resident_bytes() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(peak_resident_bytes() == 0, reason="this system does not tell a process's memory")
@pytest.mark.parametrize(
    "given",
    [
        ((240, 200, 200), (32, 48, 48), 0.5, 1),
        ((900, 192, 192), (32, 96, 96), 1.0, 5),
        ((900, 80, 80), (32, 96, 96), 1.0, 5),
    ],
    ids=["one fold", "five folds", "five folds of an image smaller than a tile"],
)
def test_what_is_taken_is_no_more_than_was_said_and_not_much_less(given: tuple[object, ...]) -> None:
    command = [sys.executable, "-c", _SLIDE, repr(given)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    said, taken = map(int, run.stdout.split())
    assert 0.4 * said < taken < 1.1 * said + 64 * MIB
