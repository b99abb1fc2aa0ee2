"""Volumes as NIfTI files, in the form that nnU-Net's SimpleITK reader takes."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody in the field knows it by

from pedcontour.volume import Grid, Volume


def write_nifti(volume: Volume, path: Path) -> None:
    """Write a volume as NIfTI through SimpleITK, array axes ``(k, j, i)`` as nnU-Net reads them back."""
    image = sitk.GetImageFromArray(volume.voxels)
    image.SetSpacing(tuple(reversed(volume.grid.spacing_mm)))
    image.SetDirection(np.ascontiguousarray(volume.grid.directions[:, ::-1]).ravel().tolist())
    image.SetOrigin(volume.grid.affine[:3, 3].tolist())
    sitk.WriteImage(image, str(path), useCompression=True)


def read_nifti(path: Path) -> Volume:
    """Read a NIfTI through SimpleITK, which gives LPS coordinates; array axes ``(k, j, i)``."""
    image = sitk.ReadImage(str(path))
    affine = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, :3] = directions[:, ::-1]
    affine[:3, 3] = image.GetOrigin()
    voxels = sitk.GetArrayFromImage(image)
    k, j, i = voxels.shape
    return Volume(Grid((k, j, i), affine), voxels)
