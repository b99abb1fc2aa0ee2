"""CT series and results made in memory, for tests that need headers but no pixels."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.uid import CTImageStorage
from pydicom.valuerep import format_number_as_ds

from pedcontour.dicom.contoured import ContouredSeries
from pedcontour.dicom.identity import ResultIdentity
from pedcontour.dicom.rois import rois_of
from pedcontour.dicom.series import CtSeries
from pedcontour.organs import default_labels
from pedcontour.volume import FloatArray, Grid, LabelMap, Volume

IDENTITY = ResultIdentity("job-7", datetime(2026, 8, 1, 12, 30, tzinfo=UTC), "phantom-19", "ab" * 32, "0.1.0")

POSITIONS: dict[str, tuple[int, ...]] = {
    "HFS": (1, 0, 0, 0, 1, 0),
    "HFP": (-1, 0, 0, 0, -1, 0),
    "FFS": (-1, 0, 0, 0, 1, 0),
    "FFP": (1, 0, 0, 0, -1, 0),
    "HFDL": (0, -1, 0, 1, 0, 0),
    "HFDR": (0, 1, 0, -1, 0, 0),
    "FFDL": (0, 1, 0, 1, 0, 0),
    "FFDR": (0, -1, 0, -1, 0, 0),
}
"""Image Orientation (Patient) of axial slices as scanners store them, so that the picture looks as the patient lies."""


def grid_for(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    orientation: tuple[float, ...] = POSITIONS["HFS"],
    *,
    centre_mm: tuple[float, float, float] = (7.5, -120.25, -431.0),
) -> Grid:
    """A grid with slices along the normal of ``orientation`` and its middle at ``centre_mm``."""
    row, column = np.array(orientation, dtype=float).reshape(2, 3)
    affine = np.eye(4)
    for axis, direction in enumerate((np.cross(row, column), column, row)):
        affine[:3, axis] = direction * spacing_mm[axis]
    affine[:3, 3] = np.array(centre_mm) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape, affine)


def oblique_orientation() -> tuple[float, ...]:
    """Axial slices, turned by a few degrees about every axis."""
    a, b, c = np.radians((7.0, -5.0, 11.0))
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turned = about_z @ about_y @ about_x
    return (*turned[:, 0].tolist(), *turned[:, 1].tolist())


def made_series(grid: Grid, **attributes: Any) -> CtSeries:
    """A series on ``grid``; ``attributes`` replace those of every header, None removes one."""
    return CtSeries(
        Volume(grid, np.zeros(grid.shape, np.int16)),
        tuple(_header(grid, k, attributes) for k in range(grid.shape[0])),
    )


def _header(grid: Grid, k: int, attributes: Mapping[str, Any]) -> Dataset:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.SOPClassUID = CTImageStorage
    header.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.4.{k + 1}"
    header.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.2"
    header.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.3"
    header.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.5"
    header.PositionReferenceIndicator = "XY"
    header.Modality = "CT"
    header.PatientName = "Phantom^Child"
    header.PatientID = "PHANTOM-7"
    header.PatientBirthDate = "20200101"
    header.PatientSex = "O"
    header.StudyDate, header.StudyTime = "20260101", "120000"
    header.StudyID, header.AccessionNumber = "1", "A-1"
    header.ReferringPhysicianName = None
    header.Rows, header.Columns = grid.shape[1:]
    header.PixelSpacing = [ds(mm) for mm in grid.spacing_mm[1:]]
    header.ImageOrientationPatient = [ds(v) for v in (*grid.directions[:, 2], *grid.directions[:, 1])]
    header.ImagePositionPatient = [ds(v) for v in grid.to_lps_mm((k, 0, 0))]
    for keyword, value in attributes.items():
        if value is None:
            del header[keyword]
        else:
            setattr(header, keyword, value)
    return header


def ds(number: float) -> str:
    """A Decimal String with as many digits as fit."""
    return format_number_as_ds(float(number) + 0.0)


def made_result(
    series: CtSeries, voxels: npt.NDArray[np.uint8], identity: ResultIdentity = IDENTITY
) -> ContouredSeries:
    """A result that shows every label of ``voxels`` that has a voxel."""
    labels = LabelMap(series.volume.grid, voxels, default_labels())
    return ContouredSeries(series, labels, rois_of(labels, default_labels().values()), identity)


def bodies(grid: Grid) -> npt.NDArray[np.uint8]:
    """Simple organs that no mirroring, turning or reversing of the body maps on one another; one has a hole.

    They lie where a child's do, in LPS mm about the grid's middle, whatever the grid's orientation.
    """
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    lps = grid.to_lps_mm(index) - grid.to_lps_mm((np.array(grid.shape) - 1) / 2)
    voxels = np.zeros(grid.shape, np.uint8)
    for label, centre_mm, radii_mm in BODIES:
        voxels[_ellipsoid(lps, centre_mm, radii_mm)] = label
    voxels[_ellipsoid(lps, BODIES[0][1], (9.0, 8.0, 9.0))] = 0  # a hole in the liver
    return voxels


def _ellipsoid(lps: FloatArray, centre_mm: tuple[float, ...], radii_mm: tuple[float, ...]) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (((lps - np.array(centre_mm)) / np.array(radii_mm)) ** 2).sum(axis=-1) <= 1
    return inside


BODIES: tuple[tuple[int, tuple[float, float, float], tuple[float, float, float]], ...] = (
    (5, (-32.0, -8.0, 24.0), (26.0, 24.0, 20.0)),  # liver: right, front, high
    (1, (42.0, 18.0, 26.0), (12.0, 13.0, 15.0)),  # spleen: left, back, high
    (2, (-24.0, 27.0, -18.0), (11.0, 12.0, 20.0)),  # right kidney, the lower and larger one
    (3, (26.0, 25.0, -10.0), (10.0, 11.0, 17.0)),  # left kidney
    (9, (9.0, -28.0, -24.0), (28.0, 14.0, 16.0)),  # stomach and bowel: in front
    (11, (2.0, 44.0, 0.0), (5.0, 5.0, 44.0)),  # spinal cord: at the back
)
"""Label, centre and radii in mm, LPS."""
