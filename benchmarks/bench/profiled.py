"""Where the time of a side goes, by cProfile: ``--profile`` of a row's own module prints it.

``python -m benchmarks.bench.profiled <file> <module>`` runs a module as a program until it ends or gets SIGTERM, and
leaves the profile of all its threads, in processor seconds, in the file.
"""

import cProfile
import io
import pstats
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import thread_time

LINES = 15


def profile_of(work: Callable[[], object]) -> str:
    """The costliest functions of a piece of work, with what they call counted in; seconds by the clock."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    stats = pstats.Stats(profiler, stream=(told := io.StringIO()))
    stats.strip_dirs().sort_stats(pstats.SortKey.CUMULATIVE).print_stats(LINES)
    return told.getvalue().strip()


def profile_in(file: Path) -> str:
    """The costliest functions by themselves of a program that left its profile in a file.

    A server's own loop would be all of a list that counts in what functions call.
    """
    stats = pstats.Stats(str(file), stream=(told := io.StringIO()))
    stats.strip_dirs().sort_stats(pstats.SortKey.TIME).print_stats(LINES)
    return told.getvalue().strip()


def run_profiled(module: str, file: Path) -> None:
    """Run a module as a program, every thread under a profiler of its own."""
    profilers = [cProfile.Profile(thread_time)]

    def begin(*_: object) -> None:
        """Take the place of this hook in a new thread."""
        profilers.append(cProfile.Profile(thread_time))
        profilers[-1].enable()

    threading.setprofile(begin)
    try:
        profilers[0].runcall(runpy.run_module, module, run_name="__main__", alter_sys=True)
    finally:
        threading.setprofile(None)
        profilers[0].disable()
        stats = pstats.Stats(profilers[0])
        for profiler in profilers[1:]:
            if profiler.getstats():
                stats.add(profiler)
        stats.dump_stats(file)


def main() -> None:
    """See above."""
    # A server ends by the signal that it was sent, without a chance to write: an exit instead.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    run_profiled(sys.argv[2], Path(sys.argv[1]))


if __name__ == "__main__":
    main()
