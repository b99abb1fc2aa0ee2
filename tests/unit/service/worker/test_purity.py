"""What a worker's own process loads: nothing that parses what a sender wrote, nothing that computes."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["service.worker.__main__", "service.worker.supervised", "tests.stand_ins.worker"])
def test_a_worker_imports_neither_what_reads_images_nor_what_contours_them(module: str) -> None:
    heavy = "{'pydicom', 'highdicom', 'torch', 'nnunetv2', 'PIL', 'scipy'}"
    code = f"import sys, {module}; print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
