"""Lines through measured growth, and the series that it is measured on."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.growth.line import Growth, Line
from benchmarks.growth.picture import draw
from benchmarks.growth.volume import part_of
from tests.stand_ins.model import shaded_torso


def _curve(name: str, unit: str = "processor s", against: str = "10^6 voxels") -> Growth:
    return Growth(name, unit, against, ((4.0, 2.1), (8.0, 4.1), (16.0, 8.1)), 3)


def test_a_line_tells_what_grows_from_what_does_not() -> None:
    line = Line.through([(1.0, 5.0), (10.0, 23.0), (100.0, 203.0)])
    assert (line.at_none, line.slope, line.worst) == pytest.approx((3.0, 2.0, 0.0))


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_steepness_is_the_power_of_the_growth(power: float) -> None:
    assert Line.through([(x, 3.0 * x**power) for x in (1.0, 4.0, 16.0)]).steepness == pytest.approx(power)


def test_growth_that_is_no_line_shows_in_the_worst_error() -> None:
    assert Line.through([(x, x**2) for x in (1.0, 4.0, 16.0)]).worst > 0.5


def test_a_row_holds_a_whole_curve() -> None:
    curve = _curve("volume/512 x 512/read")
    row = curve.row()
    assert Growth.of_row(row) == curve
    assert (row["ours"], row["at_none"], row["unit"]) == (0.5, 0.1, "processor s per 10^6 voxels")


def test_a_part_of_a_volume_lies_where_it_lay() -> None:
    whole = shaded_torso()
    part = part_of(whole, 5, 2)
    assert part.grid.shape == (5, 32, 36)
    np.testing.assert_allclose(part.grid.to_lps_mm((4, 3, 2)), whole.grid.to_lps_mm((4, 6, 4)))
    assert part.voxels[4, 10, 12] == whole.voxels[4, 20, 24]


def test_the_picture_shows_all_parts(tmp_path: Path) -> None:
    volume = [f"volume/{m}/{f}" for m in ("512 x 512", "256 x 256") for f in ("read", "job")]
    memory = [_curve(f"volume/{m}/memory", "MiB") for m in ("512 x 512", "256 x 256")]
    organs = [_curve(f"organs/{name}", against="organ") for name in ("rtstruct", "seg")]
    curves = [*map(_curve, volume), *memory, *organs, _curve("workers/jobs", "jobs a minute", "worker")]
    draw({curve.name: curve for curve in curves}, tmp_path / "growth.png")
    with Image.open(tmp_path / "growth.png") as picture:
        assert picture.size == (900, 640)
        assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 20
