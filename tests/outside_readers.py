"""Results as others read them: plastimatch the RTSTRUCT, dcmqi the SEG, and SimpleITK the images that they write."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
import SimpleITK as sitk

from pedcontour.volume import FloatArray, Grid
from tests.outside_tools import run

Placed = tuple[npt.NDArray[np.bool_], Grid]
"""A mask and the grid that the other program put it on."""

Reader = Callable[[Path, Path, Path], dict[str, Placed]]
"""Result file, folder of the CT, empty folder to work in; gives the masks by ROI name."""


def with_plastimatch(rtstruct: Path, ct: Path, work: Path) -> dict[str, Placed]:
    """Every ROI as plastimatch rasterises it on the CT.

    ``--xor-contours`` is the even-odd rule; without it, plastimatch fills holes.
    """
    arguments = ("--xor-contours", "--input", rtstruct, "--referenced-ct", ct, "--prefix-format", "nii.gz")
    done = run("plastimatch", "convert", *arguments, "--output-prefix", work)
    masks = {path.name.removesuffix(".nii.gz"): _read(path) for path in work.glob("*.nii.gz")}
    assert masks, done.stdout + done.stderr
    return {name: (voxels > 0, grid) for name, (voxels, grid) in masks.items()}


def with_dcmqi(seg: Path, ct: Path, work: Path) -> dict[str, Placed]:
    """Every segment that has voxels as dcmqi reads it."""
    done = run("segimage2itkimage", "--inputDICOM", seg, "--outputDirectory", work, "-t", "nifti", "--mergeSegments")
    (path,) = work.glob("*.nii.gz")
    assert path, done.stdout + done.stderr
    voxels, grid = _read(path)
    names = {int(item.SegmentNumber): str(item.SegmentLabel) for item in pydicom.dcmread(seg).SegmentSequence}
    return {names[number]: (voxels == number, grid) for number in np.unique(voxels).tolist() if number}


READERS: dict[str, Reader] = {"rtstruct": with_plastimatch, "seg": with_dcmqi}


def _read(path: Path) -> tuple[npt.NDArray[np.uint8], Grid]:
    image = sitk.ReadImage(path)
    voxels = sitk.GetArrayFromImage(image)
    steps = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine = np.eye(4)
    affine[:3, :3] = steps[:, ::-1]  # ITK's (i, j, k) to our (k, j, i)
    affine[:3, 3] = image.GetOrigin()
    return voxels, Grid((voxels.shape[0], voxels.shape[1], voxels.shape[2]), affine)


def centroid_mm(placed: Placed) -> FloatArray:
    """The middle of a mask in LPS mm."""
    mask, grid = placed
    return grid.to_lps_mm(np.argwhere(mask).mean(axis=0))


def on_grid(placed: Placed, grid: Grid) -> npt.NDArray[np.bool_]:
    """A mask moved voxel for voxel to another grid of the same lattice."""
    mask, own = placed
    voxels = np.argwhere(mask)
    index = grid.to_index(own.to_lps_mm(voxels))
    nearest = np.rint(index).astype(int)
    assert np.abs(index - nearest).max() < 0.02
    moved = np.zeros(grid.shape, dtype=bool)
    moved[tuple(nearest.T)] = True
    return moved
