"""The cases: made-up children with all 19 organs, slices of 512 x 512, made once and kept; "teen" is the usual one."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.ct_writer import write_ct_series
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.reader import read_series
from pedcontour.dicom.rois import rois_of
from pedcontour.dicom.series import CtSeries
from pedcontour.organs import default_labels
from pedcontour.outputs import OutputStyle
from pedcontour.phantom import ChildSpec, ScanSpec, scan_child, trunk_range_mm
from pedcontour.volume import LabelMap

KEPT = Path("build/bench")
IDENTITY = ResultIdentity("bench", datetime(2026, 8, 1, tzinfo=UTC), "bench-19", "ab" * 32, "0.1.0")


@dataclass(frozen=True)
class Recipe:
    """A child of an age in years, whole from pubis to mid-chest, or only ``share`` of it upwards from the pubis."""

    seed: int
    age_years: float
    slices: int
    pixel_mm: float
    share: float = 1.0


CASES = {
    "teen": Recipe(4, 14.0, 300, 0.9),
    "child": Recipe(5, 6.0, 200, 0.7),
    "infant": Recipe(6, 1.0, 130, 0.5),
    "short": Recipe(6, 1.0, 30, 0.5, share=0.25),
    "tall": Recipe(4, 14.0, 480, 0.9),
}
"""Slices lie 1.5 to 1.8 mm apart, those of "tall" closer. "short" is for what a job takes beside its length, "tall" for
series of any length, cut out of it."""


@dataclass(frozen=True)
class Teen:
    """The case on disk: ``ct`` is a folder of instances, ``truth`` the label map on the grid of their series."""

    folder: Path

    @property
    def ct(self) -> Path:
        """The folder of CT instances."""
        return self.folder / "ct"

    @property
    def files(self) -> list[Path]:
        """The instances, in no promised order."""
        return sorted(self.ct.iterdir())

    @cached_property
    def labels(self) -> npt.NDArray[np.uint8]:
        """The truth, axes ``(k, j, i)``."""
        with np.load(self.folder / "truth.npz") as kept:
            return np.asarray(kept["labels"], np.uint8)


def teen() -> Teen:
    """The case "teen", made when it is not there yet: some minutes and 4 GB."""
    return case("teen")


def case(name: str) -> Teen:
    """A case of ``CASES``, made when it is not there yet."""
    folder, recipe = KEPT / name, CASES[name]
    if not folder.is_dir():
        staging = KEPT / f".{name}.{uuid4().hex}"
        child = ChildSpec(seed=recipe.seed, age_years=recipe.age_years)
        low, high = trunk_range_mm(child)
        high = low + recipe.share * (high - low)
        slices_mm = (high - low) / (recipe.slices - 0.999)
        spec = ScanSpec((recipe.pixel_mm, recipe.pixel_mm), slices_mm, matrix=(512, 512), z_range_mm=(low, high))
        scan = scan_child(child, spec)
        try:
            write_ct_series(scan.image, staging / "ct")
            np.savez_compressed(staging / "truth.npz", labels=scan.truth.voxels)
            staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Teen(folder)


def contoured(given: Mapping[str, str], series: CtSeries, labels: npt.NDArray[np.uint8]) -> ContouredSeries:
    """What the writers get; ``given`` may name the SEG's encoding."""
    organs = default_labels()
    named = LabelMap(series.volume.grid, labels, organs)
    style = OutputStyle(seg_encoding=given.get("seg_encoding", "binary"))
    return ContouredSeries(series, named, rois_of(named, organs.values()), IDENTITY, style=style)


@cache
def read_case(folder: str) -> tuple[CtSeries, npt.NDArray[np.uint8]]:
    """Series and truth of a case's folder, read once a process."""
    kept = Teen(Path(folder))
    return read_series(kept.files).series, kept.labels
