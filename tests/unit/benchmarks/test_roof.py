"""The network against what the processor multiplies."""

import pytest

from benchmarks.bench.roof import measured, operations_of
from tests.unit.benchmarks.conftest import TINY, Bench


def test_operations_are_two_for_each_multiplication_of_each_convolution(bench: Bench) -> None:
    voxels, deep = TINY.patch**3, (TINY.patch // 2) ** 3
    few, many = TINY.features
    multiplications = voxels * 27 * (1 * few + few * few)  # down
    multiplications += deep * 27 * (few * many + many * many)
    multiplications += voxels * many * few  # up: each voxel of the upper stage comes from one below
    multiplications += voxels * 27 * (2 * few * few + few * few) + voxels * few * 20
    assert operations_of(bench.bundle) == 2 * multiplications


@pytest.mark.slow
def test_a_share_of_the_roof_is_told_for_each_precision_that_ran(bench: Bench) -> None:
    lines = measured({**bench.given(), "sizes": [256]}, repeats=1)
    assert {line["engine"].rpartition("-")[2] for line in lines} == {
        line["name"].removeprefix("roof/") for line in lines
    }
    assert all(line["ours"] > 0 and line["ratio"] > 0 for line in lines)
