"""Two sides of a row, run in turns: neither gets the quiet minute of the machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

REPEATS = 5
WARM_UP = 1


@dataclass(frozen=True)
class Side:
    """One side: ``function`` as ``module:name``, what it is given, and folders that come first on its import path.

    ``repeats`` is for a side that takes minutes: so many turns and no warm-up, instead of what the others get.
    """

    function: str
    argument: Mapping[str, Any]
    import_path: Sequence[Path] = ()
    repeats: int | None = None


@dataclass
class Runs:
    """What a side's repetitions gave, warm-up left out."""

    figures: list[dict[str, Any]] = field(default_factory=list)

    def median(self, name: str) -> float:
        """The median of one figure over the repetitions."""
        return float(median(run[name] for run in self.figures))

    @property
    def last(self) -> dict[str, Any]:
        """The figures of the last repetition, for those that never differ."""
        return self.figures[-1]


def in_turns(sides: Mapping[str, Side], repeats: int = REPEATS, warm_up: int = WARM_UP) -> dict[str, Runs]:
    """Run every side ``warm_up`` and then ``repeats`` times, one after the other, round after round."""
    runs = {name: Runs() for name in sides}
    with ExitStack() as stack:
        running = {name: stack.enter_context(_process(side)) for name, side in sides.items()}
        for turn in range(warm_up + repeats):
            for name, process in running.items():
                own = sides[name].repeats
                if own is not None and not warm_up <= turn < warm_up + own:
                    continue
                figures = _once_more(process)
                if turn >= warm_up:
                    runs[name].figures.append(figures)
    return runs


def _importable(function: str) -> str:
    """``module:name`` for another process, where a module that runs as the program calls itself ``__main__``."""
    module, _, name = function.partition(":")
    program = sys.modules["__main__"].__spec__
    return f"{program.name}:{name}" if module == "__main__" and program is not None else function


@contextmanager
def _process(side: Side) -> Iterator["subprocess.Popen[str]"]:
    """A side's process, prepared."""
    before = os.environ.get("PYTHONPATH")
    search = [str(path) for path in side.import_path] + [str(Path.cwd())] + ([before] if before else [])
    command = [sys.executable, "-m", "benchmarks.bench.side", _importable(side.function), json.dumps(side.argument)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(search)}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        _answer(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def _once_more(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return _answer(process)


def _answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a side ended with status {process.wait()}; see above")
    answer: dict[str, Any] = json.loads(line)
    return answer
