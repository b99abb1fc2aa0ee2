"""The curves as one picture for the docs."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.growth.line import Growth

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "growth.png"
INCHES, DOTS_PER_INCH = (9.0, 6.4), 100
SMALLEST_SHARE = 0.02
"""Stages that take less of the longest job than this are left out of the picture; the results have them."""

STYLES = {"512 x 512": "-", "256 x 256": "--"}


def draw(curves: Mapping[str, Growth], path: Path = PICTURE) -> None:
    """Draw all curves, by name, and their lines. Raises ``KeyError`` where a part was never measured."""
    with mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(INCHES, layout="constrained")
        (stages, memory), (organs, workers) = figure.subplots(2, 2)
        _stages(stages, curves)
        _plot(memory, {matrix: curves[f"volume/{matrix}/memory"] for matrix in STYLES}, STYLES)
        _plot(organs, {name.upper(): curves[f"organs/{name}"] for name in ("rtstruct", "seg")})
        _plot(workers, {"all workers": curves["workers/jobs"]}, has_line=False)
        titles = ("a job by stage", "a job's peak memory", "writing, 300 slices", "jobs on one machine")
        for axes, title in zip((stages, memory, organs, workers), titles, strict=True):
            axes.set_title(title)
        figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})


def _stages(axes: Axes, curves: Mapping[str, Growth]) -> None:
    longest = curves["volume/512 x 512/job"].points[-1][1]
    names = [name.rpartition("/")[2] for name in curves if name.startswith("volume/512 x 512/")]
    for name in names:
        curve = curves[f"volume/512 x 512/{name}"]
        if curve.unit != "processor s" or curve.points[-1][1] < SMALLEST_SHARE * longest:
            continue
        colour = f"C{names.index(name)}"
        for matrix, style in STYLES.items():
            label = name if matrix == "512 x 512" else None
            _one(axes, curves[f"volume/{matrix}/{name}"], label, style, colour)
    axes.set(xscale="log", yscale="log")
    axes.legend(title="dashed: 256 x 256", frameon=False)


def _plot(
    axes: Axes, curves: Mapping[str, Growth], styles: Mapping[str, str] | None = None, *, has_line: bool = True
) -> None:
    for number, (label, curve) in enumerate(curves.items()):
        _one(axes, curve, label, (styles or {}).get(label, "-") if has_line else "", f"C{number}")
    axes.set(xlim=(0, None), ylim=(0, None))
    axes.legend(frameon=False, loc="lower right")


def _one(axes: Axes, curve: Growth, label: str | None, style: str, colour: str) -> None:
    """Points, and the fitted line between the first and the last of them."""
    x = [point[0] for point in curve.points]
    axes.plot(x, [point[1] for point in curve.points], "o", markersize=3, color=colour, label=label)
    if style:
        line = curve.line
        axes.plot(x, [line.at_none + line.slope * at for at in x], style, linewidth=1, color=colour)
    axes.set(xlabel=curve.against if curve.against.startswith("10") else f"{curve.against}s", ylabel=curve.unit)
