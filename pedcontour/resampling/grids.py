"""From one grid in the patient to another."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from pedcontour.volume import Grid, LabelMap, Volume

SplineOrder = Literal[0, 1, 2, 3, 4, 5]
"""0 takes the nearest voxel, 1 interpolates linearly, 3 by a cubic spline."""


def index_map(source: Grid, target: Grid) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """3 x 3 matrix and offset: from an index ``(k, j, i)`` of ``target`` to that of the same point in ``source``."""
    change = np.linalg.inv(source.affine) @ target.affine
    return change[:3, :3], change[:3, 3]


def resample_to(volume: Volume, grid: Grid, *, order: SplineOrder = 1, outside_hu: float = -1000.0) -> Volume:
    """The image on another grid, float32, axes ``(k, j, i)`` of ``grid``.

    Points outside the source get ``outside_hu``, air by default. It samples and does not average: blur first when the
    new voxels are much larger.
    """
    matrix, offset = index_map(volume.grid, grid)
    source = volume.voxels.astype(np.float32)
    voxels = ndimage.affine_transform(source, matrix, offset, output_shape=grid.shape, order=order, cval=outside_hu)
    return Volume(grid, np.asarray(voxels, dtype=np.float32))


def resample_labels_to(labels: LabelMap, grid: Grid) -> LabelMap:
    """The segmentation on another grid: each voxel gets the label of the nearest source voxel, 0 outside the source."""
    matrix, offset = index_map(labels.grid, grid)
    voxels = ndimage.affine_transform(labels.voxels, matrix, offset, output_shape=grid.shape, order=0, cval=0.0)
    return LabelMap(grid, np.asarray(voxels, dtype=np.uint8), labels.organs, labels.review)
