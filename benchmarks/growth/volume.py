"""A whole job with the shipped model against the number of voxels: processor seconds by stage, wall, memory.

The series are cut out of one child: so many of its lowest slices, with every pixel or with every second one. The
network sees the same millimetres in both, which tells what grows with the pixels from what grows with the child.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.bench.side import Timed
from benchmarks.bench.sides import Runs, Side, in_turns
from benchmarks.bench.stage_clock import contour_by_stages
from benchmarks.bench.teen import IDENTITY, KEPT, case, read_case
from benchmarks.growth.line import Growth
from pedcontour.bundle import find_model
from pedcontour.contour import ContourJob, ContourRequest
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.inference.choice import EngineChoice, load_engine
from pedcontour.settings import Settings
from pedcontour.volume import Grid, Volume

SLICES = (60, 120, 240, 480)
STEPS = (1, 2)
"""Every pixel of 512 x 512, every second one of each row and column: 256 x 256."""

REPEATS = 3
AGAINST = "10^6 voxels"


def measure(slices: Sequence[int] = SLICES, repeats: int = REPEATS) -> Iterator[Growth]:
    """The curves of both matrices."""
    whole = read_case(str(case("tall").folder))[0].volume
    _jobs_on(part_of(whole, min(slices), max(STEPS)), 0)  # the first process ever converts the network, and holds more
    for step in STEPS:
        parts = [part_of(whole, length, step) for length in slices]
        runs = {part.voxels.size / 1e6: _jobs_on(part, repeats) for part in parts}
        yield from curves(f"volume/{whole.grid.shape[1] // step} x {whole.grid.shape[2] // step}", runs)


def _jobs_on(series: Volume, repeats: int) -> Runs:
    with tempfile.TemporaryDirectory() as folder:
        write_ct_series(series, Path(folder) / "ct")
        return in_turns({"job": Side(f"{__name__}:job", {"folder": folder})}, repeats)["job"]


def part_of(whole: Volume, slices: int, step: int) -> Volume:
    """The first slices of a volume, of each row and column every ``step``-th pixel."""
    voxels = whole.voxels[:slices, ::step, ::step]
    affine = whole.grid.affine.copy()
    affine[:, 1:3] *= step
    return Volume(Grid(voxels.shape, affine), voxels)


def curves(name: str, runs: Mapping[float, Runs]) -> Iterator[Growth]:
    """A curve for each stage, for the whole job in processor and in wall seconds, and for memory; by 10^6 voxels."""
    (*_, longest) = runs.values()
    stages = [key for key in longest.last if key.endswith("_cpu_s")]
    figures = {key.removesuffix("_cpu_s"): (key, "processor s") for key in stages}
    figures |= {"job": ("cpu_s", "processor s"), "job, wall": ("seconds", "s"), "memory": ("peak_mib", "MiB")}
    for label, (figure, unit) in figures.items():
        points = tuple((size, of_size.median(figure)) for size, of_size in runs.items())
        yield Growth(f"{name}/{label}", unit, AGAINST, points, len(longest.figures))


def job(given: dict[str, Any]) -> Timed:
    """Job after job on one series with a loaded engine, as a worker runs them."""
    settings = Settings()
    model = find_model(settings.models_dir, settings.default_model)
    engine = load_engine(model, EngineChoice("cpu", cache=KEPT / "converted"))
    files, out = sorted((Path(given["folder"]) / "ct").iterdir()), Path(given["folder"]) / "out"
    return lambda: contour_by_stages(files, out, ContourJob(engine, model, ContourRequest(), IDENTITY))
