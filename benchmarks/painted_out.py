"""A kidney painted out of a real CT: fat and bowel of the same patient put in its place, with the scanner's own noise.

An empty bed whose anatomy no phantom made up. It lacks what surgery leaves, scar, clips, organs that moved, so it is an
easier bed than a patient's.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.signal import fftconvolve

from pedcontour.volume import LabelMap, Volume

REACH_MM = 8.0
"""The bed reaches this far beyond what was drawn as the kidney: its rim is often missed, and would remain."""

BLEND_MM = 3.0
"""Over this much the bed fades into what lies around it."""

BOWEL_SHARE = 0.5
"""Of the bed; the rest stays fat."""

FAT_HU = (-140.0, -60.0)
SMOOTH_VOXELS = (0.0, 2.0, 2.0)
"""What is finer than this in the liver is noise; slices are left apart, as planning CTs have thick ones."""

FloatImage = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice, slice]


def paint_out(image: Volume, labels: LabelMap, kidney: str) -> Volume:
    """The CT without that kidney, float32 HU, on the same grid.

    ``labels`` show where kidney, liver and bowel are drawn. Raises ``ValueError`` where there is no kidney to paint
    out, no fat around it, or no liver to take noise from.
    """
    voxels = image.voxels.astype(np.float32)
    bed, away_mm = _bed(labels, kidney)
    around = ndimage.binary_dilation(bed, iterations=6) & (labels.voxels == 0)
    fat = voxels[around & (voxels > FAT_HU[0]) & (voxels < FAT_HU[1])]
    if fat.size == 0:
        raise ValueError("there is no fat around the kidney to fill its bed with")
    box = ndimage.find_objects(bed.astype(np.uint8))[0]
    filling = np.median(fat) + _noise(voxels, labels, tuple(part.stop - part.start for part in box))
    _lay_bowel(filling, voxels, labels)
    share = np.clip(away_mm[box] / BLEND_MM, 0.0, 1.0).astype(np.float32)
    voxels[box] += share * (filling - voxels[box])
    return Volume(image.grid, voxels)


def _bed(labels: LabelMap, kidney: str) -> tuple[Mask, FloatImage]:
    """The kidney and its surroundings where no other organ lies, and how deep in it each voxel lies, in mm."""
    drawn = labels.mask(kidney)
    if not drawn.any():
        raise ValueError(f"{kidney} is not drawn")
    spacing = labels.grid.spacing_mm
    near = ndimage.distance_transform_edt(~drawn, sampling=spacing) <= REACH_MM
    bed = near & ((labels.voxels == 0) | drawn)
    return bed, ndimage.distance_transform_edt(bed, sampling=spacing).astype(np.float32)


def _noise(voxels: FloatImage, labels: LabelMap, shape: tuple[int, ...]) -> FloatImage:
    """Noise of ``shape`` with the variance and the grain of that in the largest cube within the liver.

    White noise convolved with a sample has the sample's spectrum (random spot noise; Galerne, Gousseau, Morel, "Random
    phase textures", IEEE Transactions on Image Processing 2011).
    """
    depth = ndimage.distance_transform_cdt(labels.mask("liver"), metric="chessboard")
    half = int(depth.max()) - 1
    if half < 2:
        raise ValueError("there is no liver to take the scanner's noise from")
    middle = np.unravel_index(int(depth.argmax()), depth.shape)
    cube = voxels[tuple(slice(n - half, n + half + 1) for n in middle)]
    fine = cube - ndimage.gaussian_filter(cube, SMOOTH_VOXELS)
    padded = tuple(n + m - 1 for n, m in zip(shape, fine.shape, strict=True))
    white = np.random.default_rng(0).standard_normal(padded)
    return fftconvolve(white, fine / np.sqrt(fine.size), mode="valid").astype(np.float32)


def _lay_bowel(filling: FloatImage, voxels: FloatImage, labels: LabelMap) -> None:
    """Copy the bowel of a box of this size that is about ``BOWEL_SHARE`` bowel: loops as they lie elsewhere."""
    bowel = labels.mask("stomach_bowel")
    if any(n > m for n, m in zip(filling.shape, bowel.shape, strict=True)):
        return
    held = ndimage.uniform_filter(bowel.astype(np.float32), size=filling.shape, mode="constant")
    middle = np.unravel_index(int(np.abs(held - BOWEL_SHARE).argmin()), held.shape)
    box = tuple(
        slice(start := int(np.clip(n - size // 2, 0, most - size)), start + size)
        for n, size, most in zip(middle, filling.shape, bowel.shape, strict=True)
    )
    filling[bowel[box]] = voxels[box][bowel[box]]
