"""What the processor computes in."""

from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
"""Where Linux tells the processor's instructions."""

BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
"""Instructions that multiply in bfloat16 and add in float32: Intel's tiles, and AVX-512's dot products (Cooper Lake,
Zen 4 and later), with which a network takes half the time of float32. Without them bfloat16 is emulated and slower."""


def multiplies_in_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether this processor has instructions for bfloat16; False where that cannot be found out."""
    try:
        lines = cpuinfo.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not BFLOAT16_FLAGS.isdisjoint(flags.split())
