"""What the processes that hold keys and passwords load: nothing that parses what a sender wrote."""

import subprocess
import sys


def loaded_by(*modules: str) -> str:
    heavy = "{'pydicom', 'highdicom', 'torch', 'nnunetv2', 'PIL'}"
    code = f"import sys, {', '.join(modules)}; print(sorted(set(sys.modules) & {heavy}))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_worker_loads_neither_what_reads_images_nor_what_contours_them() -> None:
    assert loaded_by("service.worker.__main__", "service.worker.supervised", "tests.stand_ins.worker") == "[]"


def test_a_gateway_loads_nothing_that_reads_images() -> None:
    assert loaded_by("service.gateway.__main__") == "[]"


def test_what_reads_images_is_loaded_where_it_is_used() -> None:
    assert "pydicom" in loaded_by("service.worker.intake_child")
    assert "torch" not in loaded_by("service.worker.intake_child", "service.worker.child")
