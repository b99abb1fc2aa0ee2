from pathlib import Path

import pytest

from pedcontour.inference.processor import multiplies_in_bfloat16


@pytest.mark.parametrize(
    ("flags", "native"),
    [
        ("fpu avx2 avx512f amx_bf16 amx_tile", True),
        ("fpu avx512f avx512_bf16", True),
        ("fpu avx2 avx512f avx512_vnni", False),
        ("", False),
    ],
)
def test_bfloat16_is_native_where_the_processor_says_so(flags: str, native: bool, tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: {flags}\n")
    assert multiplies_in_bfloat16(cpuinfo) is native


def test_where_the_processor_cannot_be_asked_nothing_is_taken_for_granted(tmp_path: Path) -> None:
    assert not multiplies_in_bfloat16(tmp_path / "none")
