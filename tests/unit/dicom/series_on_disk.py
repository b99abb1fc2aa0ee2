"""Small synthetic series on disk, and ways to spoil them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

from pedcontour.dicom.ct_writer import SyntheticStudy, write_ct_series
from pedcontour.volume import Grid, Volume

HFS = (1, 0, 0, 0, 1, 0)

POSITIONS: dict[str, tuple[int, ...]] = {
    "HFS": HFS,
    "HFP": (-1, 0, 0, 0, -1, 0),
    "HFDL": (0, -1, 0, 1, 0, 0),
    "HFDR": (0, 1, 0, -1, 0, 0),
    "FFS": (-1, 0, 0, 0, 1, 0),
    "FFP": (1, 0, 0, 0, -1, 0),
    "FFDL": (0, 1, 0, 1, 0, 0),
    "FFDR": (0, -1, 0, -1, 0, 0),
}
"""Image Orientation (Patient) in the eight patient positions: rows and columns as the patient lies in the gantry."""


def affine_of(
    orientation: tuple[float, ...],
    spacing_mm: tuple[float, float, float] = (2.5, 0.75, 1.25),
    origin_mm: tuple[float, float, float] = (-120.5, -80.25, 700.125),
    against_normal: bool = False,
) -> npt.NDArray[np.float64]:
    """An affine, ``(k, j, i)`` to LPS mm, from Image Orientation (Patient) and spacing."""
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    normal = np.cross(row, column) * (-1 if against_normal else 1)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([normal, column, row], axis=1) * spacing_mm
    affine[:3, 3] = origin_mm
    return affine


def random_volume(
    affine: npt.NDArray[np.float64] | None = None, shape: tuple[int, int, int] = (6, 5, 7), seed: int = 0
) -> Volume:
    """Noise in HU on a small grid, not square."""
    voxels = np.random.default_rng(seed).integers(-1024, 3000, shape).astype(np.int16)
    return Volume(Grid(shape, affine_of(HFS) if affine is None else affine), voxels)


def write_series(folder: Path, volume: Volume | None = None, **study: Any) -> list[Path]:
    """A small valid series; keywords go to ``SyntheticStudy``."""
    return write_ct_series(volume or random_volume(), folder, SyntheticStudy(**study))


def edit(files: list[Path], change: Callable[[pydicom.Dataset], None]) -> None:
    """Change the data sets of some files in place."""
    for file in files:
        dataset = pydicom.dcmread(file)
        change(dataset)
        dataset.save_as(file, enforce_file_format=True)


def instance_uids(files: list[Path]) -> list[str]:
    """SOP Instance UIDs in the order of the files."""
    return [str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID) for file in files]
