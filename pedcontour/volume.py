"""The scanner's grid and what lies on it: the one place that says where a voxel is.

Every array of the project has the axes ``(slice k, row j, column i)``, as a stack of DICOM slices has. ``Grid.affine``
maps such an index, in that order, to DICOM patient coordinates in millimetres: **L P S**, x to the patient's left, y to
the back (posterior), z to the head (superior).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pedcontour.errors import GeometryMissingError

FloatArray = npt.NDArray[np.float64]
"""Coordinates, affines: always float64, so that a 1000 mm table position keeps its micrometres."""

Box = tuple[slice, slice, slice]
"""A box of voxels: one slice for each of the axes ``(k, j, i)``."""

SAME_PLACE_TOLERANCE_MM = 1e-3
"""Two grids are one if no corner differs by more: DS strings carry 16 characters, so real ties are far below."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid in patient space.

    ``shape`` is ``(slices, rows, columns)``; ``affine`` is 4 x 4, index ``(k, j, i, 1)`` to LPS mm. Both
    handednesses are allowed: scanners do store slices against the normal.

    Raises ``GeometryMissingError`` when the affine is not finite or is singular.
    """

    shape: tuple[int, int, int]
    affine: FloatArray

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise GeometryMissingError("the grid's affine is not finite and invertible")
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbours along ``(k, j, i)``."""
        k, j, i = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(k), float(j), float(i)

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel; 1 mL = 1000 mm³."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    @property
    def directions(self) -> FloatArray:
        """3 x 3, columns are the LPS unit vectors of the axes ``(k, j, i)``."""
        matrix: FloatArray = self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0)
        return matrix

    def to_lps_mm(self, index: npt.ArrayLike) -> FloatArray:
        """Map indices ``(..., 3)`` in the order ``(k, j, i)``, whole or fractional, to LPS mm ``(..., 3)``."""
        points: FloatArray = np.asarray(index, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]
        return points

    def to_index(self, lps_mm: npt.ArrayLike) -> FloatArray:
        """Map LPS mm ``(..., 3)`` to fractional indices ``(..., 3)`` in the order ``(k, j, i)``."""
        inverse = self._inverse
        index: FloatArray = np.asarray(lps_mm, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
        return index

    @cached_property
    def _inverse(self) -> FloatArray:
        return np.asarray(np.linalg.inv(self.affine))

    def same_place(self, other: "Grid") -> bool:
        """Whether both grids put every voxel at the same point, within ``SAME_PLACE_TOLERANCE_MM``."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape])).reshape(3, -1).T
        gap = np.abs(self.to_lps_mm(corners) - other.to_lps_mm(corners)).max()
        return bool(gap <= SAME_PLACE_TOLERANCE_MM)


@dataclass(frozen=True, eq=False)
class Volume:
    """A CT image: ``voxels`` in Hounsfield units, int16 or float32, axes ``(k, j, i)`` of ``grid``."""

    grid: Grid
    voxels: npt.NDArray[Any]

    def __post_init__(self) -> None:
        if self.voxels.shape != self.grid.shape:
            raise ValueError(f"voxels {self.voxels.shape} do not fit the grid {self.grid.shape}")


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A segmentation: ``voxels`` uint8, axes ``(k, j, i)``, 0 is background; ``organs`` says which organ a label is.

    ``organs`` maps a label to an organ's id in ``organs.toml`` (``2 -> "kidney_right"``) and lists every label that
    could occur, also those without a voxel. ``review`` does so for labels of what was drawn as an organ and taken out
    of it again, to be looked at: no organ.
    """

    grid: Grid
    voxels: npt.NDArray[np.uint8]
    organs: Mapping[int, str]
    review: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.voxels.shape != self.grid.shape:
            raise ValueError(f"voxels {self.voxels.shape} do not fit the grid {self.grid.shape}")
        if self.voxels.dtype != np.uint8:
            raise ValueError(f"labels are uint8, not {self.voxels.dtype}")

    @cached_property
    def boxes(self) -> dict[int, Box]:
        """The smallest box around every label that has a voxel; found once, so ``voxels`` must not change after."""
        return boxes_of(self.voxels)

    def label_of(self, organ: str) -> int:
        """The label of an organ; KeyError when the map cannot hold it."""
        return {name: label for label, name in self.organs.items()}[organ]

    def mask(self, organ: str) -> npt.NDArray[np.bool_]:
        """Where an organ is, as bool, axes ``(k, j, i)``."""
        return np.asarray(self.voxels == self.label_of(organ))

    def volume_ml(self, organ: str) -> float:
        """The organ's volume in millilitres: voxels times voxel volume."""
        return float(np.count_nonzero(self.mask(organ))) * self.grid.voxel_volume_ml


def boxes_of(labels: npt.NDArray[np.uint8]) -> dict[int, Box]:
    """The smallest box around every label of a label map ``(k, j, i)``; labels without a voxel are left out."""
    from scipy.ndimage import find_objects  # the gateway imports this module, and never looks for a box

    # Organs fill a fifth of a field of view, and seeing which rows and columns show any costs next to nothing.
    shown = np.bitwise_or.reduce(labels, axis=0)
    (first_row, rows), (first_column, columns) = (_span(shown.any(axis=axis)) for axis in (1, 0))
    found = enumerate(find_objects(labels[:, first_row:rows, first_column:columns]), start=1)
    return {
        label: (box[0], _moved(box[1], first_row), _moved(box[2], first_column))
        for label, box in found
        if box is not None
    }


def box_around(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of these; an empty one around none."""
    each = list(boxes) or [(slice(0, 0), slice(0, 0), slice(0, 0))]
    k, j, i = (slice(min(box[n].start for box in each), max(box[n].stop for box in each)) for n in range(3))
    return k, j, i


def _span(seen: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """The first index that is seen and the one after the last; where none is, those of the first."""
    indices = np.flatnonzero(seen)
    return (int(indices[0]), int(indices[-1]) + 1) if indices.size else (0, 1)


def _moved(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)
