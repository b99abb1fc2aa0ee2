"""Writing RTSTRUCT and SEG against the number of organs, for the case "teen" (300 slices of 512 x 512).

Organs differ in size, so each repetition draws its own by lot: the first of one order of all nineteen.
"""

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.bench.side import Timed
from benchmarks.bench.sides import REPEATS, Side, in_turns
from benchmarks.bench.teen import contoured, read_case, teen
from benchmarks.growth.line import Growth
from pedcontour.dicom.catalogue import WRITERS

ORGANS = (1, 2, 4, 7, 10, 13, 16, 19)
AGAINST = "organ"


def measure(organs: Sequence[int] = ORGANS, repeats: int = REPEATS) -> Iterator[Growth]:
    """For each format a curve of processor seconds and one of memory."""
    given = {"case": str(teen().folder)}
    for name in WRITERS:
        runs = {}
        for number in organs:
            with tempfile.TemporaryDirectory() as folder:
                own = {**given, "writer": name, "organs": number, "out": folder}
                runs[number] = in_turns({name: Side(f"{__name__}:writing", own)}, repeats)[name]
        for label, figure, unit in ((name, "cpu_s", "processor s"), (f"{name}/memory", "peak_mib", "MiB")):
            points = tuple((float(number), of_number.median(figure)) for number, of_number in runs.items())
            yield Growth(f"organs/{label}", unit, AGAINST, points, repeats)


def writing(given: dict[str, Any]) -> Timed:
    """One format, of the first organs of one order after another; the orders are the same for every number."""
    series, labels = read_case(given["case"])
    every = contoured({}, series, labels)
    write, path, lots = WRITERS[given["writer"]], Path(given["out"]) / "written.dcm", count()

    def once() -> None:
        drawn = random.Random(next(lots)).sample(every.rois, len(every.rois))[: given["organs"]]
        write(replace(every, rois=tuple(sorted(drawn, key=lambda roi: roi.number))), path)

    return once
