"""A row's module as a program: it measures its row, or prints where our side's time goes."""

import argparse
from collections.abc import Callable, Iterable

from benchmarks.bench.rows import Figures, keep


def measure_or_profile(about: str | None, measure: Callable[[], Iterable[Figures]], profile: Callable[[], str]) -> None:
    """Keep and print the row's lines, or with ``--profile`` the profile; ``about`` is what ``--help`` says."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", action="store_true", help="Print where our side's time goes; measure nothing.")
    print(profile() if parser.parse_args().profile else "\n".join(map(str, keep(measure()))))
