"""The case "teen": a made-up child of 14 years with all 19 organs, 300 slices of 512 x 512, made once and kept."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
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
SLICES = 300
CHILD = ChildSpec(seed=4, age_years=14.0)
IDENTITY = ResultIdentity("bench", datetime(2026, 8, 1, tzinfo=UTC), "bench-19", "ab" * 32, "0.1.0")


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
    """The case, made when it is not there yet: some minutes and 4 GB."""
    folder = KEPT / "teen"
    if not folder.is_dir():
        staging = KEPT / f".teen.{uuid4().hex}"
        low, high = trunk_range_mm(CHILD)
        spacing_mm = (high - low) / (SLICES - 0.999)
        scan = scan_child(CHILD, ScanSpec(spacing_mm=(0.9, 0.9), slice_spacing_mm=spacing_mm, matrix=(512, 512)))
        try:
            write_ct_series(scan.image, staging / "ct")
            np.savez_compressed(staging / "truth.npz", labels=scan.truth.voxels)
            staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Teen(folder)


def contoured(case: Mapping[str, str], series: CtSeries, labels: npt.NDArray[np.uint8]) -> ContouredSeries:
    """What the writers get; ``case`` may name the SEG's encoding."""
    organs = default_labels()
    named = LabelMap(series.volume.grid, labels, organs)
    style = OutputStyle(seg_encoding=case.get("seg_encoding", "binary"))
    return ContouredSeries(series, named, rois_of(named, organs.values()), IDENTITY, style=style)


def read_case(folder: str) -> tuple[CtSeries, npt.NDArray[np.uint8]]:
    """Series and truth of a case's folder."""
    case = Teen(Path(folder))
    return read_series(case.files).series, case.labels
