"""nnU-Net's preprocessing on arrays, by its own definitions: image in, the network's view of it out.

Axes: ``(k, j, i)`` means the orientation the network was trained in; "transposed" means after nnU-Net's
``transpose_forward``, which is how the network sees it. Spacings are in mm in the order of the axes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pedcontour.errors import SeriesTooThinError
from pedcontour.inference.body_region import BodyRegion, find_body
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_quiet import quiet
from pedcontour.inference.nnunet_resampling import Resampling, resampling_of
from pedcontour.resampling import resize_cubic, resize_slices_cubic

with quiet():
    from nnunetv2.preprocessing.cropping.cropping import create_nonzero_mask
    from nnunetv2.preprocessing.resampling.default_resampling import compute_new_shape

SPACING_DECIMALS = 6
"""Spacings are rounded to 1e-6 mm: nnU-Net compares them exactly to find a thick axis, and norms of an oblique affine
carry rounding in the last bit. DICOM itself gives fewer decimals."""

Slices = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Prepared:
    """The network's view of an image and the way back.

    ``data`` is float32 ``(1, a, b, c)`` on the network's grid, transposed; a tensor where it is on a device.
    ``full_shape`` and ``box`` are the transposed shape before cropping and the cropped part of it; ``spacing_mm`` the
    transposed spacing before resampling. ``body`` is where the patient is in the cropped part, if it was looked for.
    """

    data: npt.NDArray[np.float32] | torch.Tensor
    full_shape: tuple[int, ...]
    box: Slices
    spacing_mm: tuple[float, ...]
    body: BodyRegion | None = None

    @property
    def cropped_shape(self) -> tuple[int, ...]:
        """Voxels of the cropped part before resampling."""
        return tuple(part.stop - part.start for part in self.box)


def prepare(
    definition: Definition,
    voxels: npt.NDArray[Any],
    spacing_mm: tuple[float, float, float],
    *,
    look_for_body: bool = False,
) -> Prepared:
    """nnU-Net's preprocessing of one CT channel: transpose, crop to nonzero, normalise, resample.

    ``voxels`` are Hounsfield units, axes ``(k, j, i)``; they are not changed.
    """
    order = definition.plans.transpose_forward
    spacing = transposed_spacing(definition, spacing_mm)
    image = voxels.transpose(order)
    box = _nonzero_box(image)
    data = np.array(image[box], dtype=np.float32, order="C")[None]
    configuration = definition.configuration
    shape = network_shape(definition, data.shape[1:], spacing)
    mask = _outside_mask(image, box) if any(configuration.use_mask_for_norm) else None
    data = _normalise(definition, data, mask)
    resampled = _resample(definition, data, shape, spacing)
    body = find_body(image[box], spacing) if look_for_body else None
    return Prepared(np.asarray(resampled, dtype=np.float32), image.shape, box, spacing, body)


def transposed_spacing(definition: Definition, spacing_mm: tuple[float, ...]) -> tuple[float, ...]:
    """Spacings in mm in the order of the network's axes, rounded."""
    return tuple(round(spacing_mm[axis], SPACING_DECIMALS) for axis in definition.plans.transpose_forward)


def network_shape(
    definition: Definition, shape: tuple[int, ...], spacing_mm: tuple[float, ...]
) -> tuple[int, int, int]:
    """Voxels of an image on the network's grid, both transposed.

    Raises ``SeriesTooThinError`` where that is none along an axis; nnU-Net would fail there.
    """
    spacing = definition.configuration.spacing
    a, b, c = (int(n) for n in compute_new_shape(shape, spacing_mm, spacing))
    for new, old, step, wide in zip((a, b, c), shape, spacing_mm, spacing, strict=True):
        if new == 0:
            raise SeriesTooThinError(f"{old} voxels of {step:g} mm, and the model's are {wide:g} mm wide")
    return a, b, c


def _resample(
    definition: Definition, data: npt.NDArray[np.float32], shape: tuple[int, int, int], spacing: tuple[float, ...]
) -> npt.NDArray[np.float32]:
    """nnU-Net's resampling of the image; its default, cubic splines, by our own code, which is much faster."""
    configuration = definition.configuration
    how = cubic_resampling(definition, spacing)
    if how is None:
        resampled: npt.NDArray[np.float32] = configuration.resampling_fn_data(
            data, shape, spacing, configuration.spacing
        )
        return resampled
    if how.thick_axis is None:
        return resize_cubic(data[0], shape)[None]
    return resize_slices_cubic(data[0], shape, how.thick_axis)[None]


def cubic_resampling(definition: Definition, spacing: tuple[float, ...]) -> Resampling | None:
    """nnU-Net's default for an image with this transposed spacing, cubic splines; None where the plan asks for more."""
    how = resampling_of(definition, "data", spacing, definition.configuration.spacing)
    default = how is not None and how.order == 3 and (how.thick_axis is None or how.order_across == 0)
    return how if default else None


def _nonzero_box(image: npt.NDArray[Any]) -> Slices:
    """The smallest box with every voxel that is not 0; the whole image when all are."""
    nonzero = image != 0
    bounds = []
    for axis in range(3):
        others = tuple(n for n in range(3) if n != axis)
        (found,) = np.nonzero(nonzero.any(axis=others))
        bounds.append(slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, image.shape[axis]))
    return bounds[0], bounds[1], bounds[2]


def _outside_mask(image: npt.NDArray[Any], box: Slices) -> npt.NDArray[np.int8]:
    """nnU-Net's marking of what lies outside the nonzero region: -1 there, 0 inside; axes of the cropped image."""
    inside = create_nonzero_mask(np.asarray(image)[None])[box]
    return np.where(inside, np.int8(0), np.int8(-1))


def _normalise(
    definition: Definition, data: npt.NDArray[np.float32], mask: npt.NDArray[np.int8] | None
) -> npt.NDArray[np.float32]:
    intensities = definition.plans.foreground_intensity_properties_per_channel
    outside = np.zeros((1, 1, 1, 1), np.int8) if mask is None else mask[None]
    normalised: npt.NDArray[np.float32] = definition.preprocessor._normalize(
        data, outside, definition.configuration, intensities
    )
    return normalised
