"""Where the time of a side goes, by cProfile: ``--profile`` of a row's own module prints it.

``python -m benchmarks.bench.profiled <file> <module>`` runs a module as a program until it ends or gets SIGTERM, and
leaves its profile in the file.
"""

import cProfile
import io
import pstats
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path

LINES = 15


def profile_of(work: Callable[[], object]) -> str:
    """The costliest functions of a piece of work, with what they call counted in."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    return _table(pstats.Stats(profiler, stream=(told := io.StringIO())), told)


def profile_in(file: Path) -> str:
    """The same, of a program that left its profile in a file."""
    return _table(pstats.Stats(str(file), stream=(told := io.StringIO())), told)


def _table(stats: pstats.Stats, told: io.StringIO) -> str:
    stats.strip_dirs().sort_stats(pstats.SortKey.CUMULATIVE).print_stats(LINES)
    return told.getvalue().strip()


def main() -> None:
    """Run a module under the profiler."""
    file, module = sys.argv[1:]
    # A server ends by the signal that it was sent, without a chance to write: an exit instead.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    profiler = cProfile.Profile()
    try:
        profiler.runcall(runpy.run_module, module, run_name="__main__", alter_sys=True)
    finally:
        profiler.dump_stats(file)


if __name__ == "__main__":
    main()
