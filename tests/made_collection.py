"""Small patients with CT and RTSTRUCT on disk, as hospitals export them: names, gaps and mistakes as asked for."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread

from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.ct_writer import SyntheticStudy, write_ct_series
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.reader import read_series
from pedcontour.dicom.rois import rois_of
from pedcontour.dicom.rtstruct import write_rtstruct
from pedcontour.organs import default_labels
from pedcontour.outputs import OutputStyle
from pedcontour.volume import Grid, LabelMap, Volume
from tests.made_series import POSITIONS, bodies, grid_for

GRID = grid_for((14, 44, 48), (8.0, 3.0, 3.0))

TCIA = {
    "Spleen": "spleen",
    "Kidney_R": "kidney-right",
    "Kidney_L": "kidney-left",
    "Liver": "liver",
    "SpinalCord": "spinal-canal",
}
"""Names of Pediatric-CT-SEG for what ``bodies`` draws."""


def hounsfield(voxels: npt.NDArray[np.uint8], seed: int = 0) -> npt.NDArray[np.int16]:
    """An image in which every label has a grey of its own."""
    noise = np.random.default_rng(seed).normal(0, 5, voxels.shape)
    return np.asarray(np.where(voxels > 0, 20 + 10 * voxels, -80) + noise, dtype=np.int16)


def write_patient(
    folder: Path,
    seed: int = 1,
    *,
    voxels: npt.NDArray[np.uint8] | None = None,
    grid: Grid = GRID,
    style: OutputStyle | None = None,
    shuffled: bool = False,
) -> Path:
    """Write ``ct/`` and ``rs.dcm`` of one patient with organs named as TG-263 has them; returns the RTSTRUCT's path."""
    drawn = bodies(grid) if voxels is None else voxels
    study = SyntheticStudy(seed=seed, shuffled=shuffled)
    series = read_series(write_ct_series(Volume(grid, hounsfield(drawn, seed)), folder / "ct", study)).series
    assert series.volume.grid.same_place(grid)
    labels = LabelMap(series.volume.grid, drawn, default_labels())
    identity = ResultIdentity(f"job-{seed}", datetime(2026, 8, 1, tzinfo=UTC), "truth", "ab" * 32, "0.1.0")
    rois = rois_of(labels, default_labels().values())
    result = ContouredSeries(series, labels, rois, identity, style=style or OutputStyle())
    write_rtstruct(result, folder / "rs.dcm")
    return folder / "rs.dcm"


def edit(path: Path, change: Callable[[Dataset], None]) -> None:
    """Change a DICOM file in place."""
    dataset = dcmread(path)
    change(dataset)
    dataset.save_as(path)


def rename(path: Path, names: Mapping[str, str]) -> None:
    """Give ROIs other names."""

    def change(rtstruct: Dataset) -> None:
        for roi in rtstruct.StructureSetROISequence:
            roi.ROIName = names.get(roi.ROIName, roi.ROIName)

    edit(path, change)


def drop(path: Path, *names: str) -> None:
    """Take ROIs out of a structure set."""

    def change(rtstruct: Dataset) -> None:
        gone = {int(roi.ROINumber) for roi in rtstruct.StructureSetROISequence if roi.ROIName in names}
        assert len(gone) == len(names)
        rtstruct.StructureSetROISequence = [r for r in rtstruct.StructureSetROISequence if int(r.ROINumber) not in gone]
        rtstruct.ROIContourSequence = [
            item for item in rtstruct.ROIContourSequence if int(item.ReferencedROINumber) not in gone
        ]

    edit(path, change)


def contours_of(rtstruct: Dataset, name: str) -> Dataset:
    """The item of the ROI Contour Sequence of a ROI."""
    number = next(int(roi.ROINumber) for roi in rtstruct.StructureSetROISequence if roi.ROIName == name)
    item: Dataset = next(i for i in rtstruct.ROIContourSequence if int(i.ReferencedROINumber) == number)
    return item


__all__ = ["GRID", "POSITIONS", "TCIA", "bodies", "contours_of", "drop", "edit", "grid_for", "rename", "write_patient"]
