"""nnU-Net's preprocessing on a device: the voxels go there once, as the scanner stored them, and are prepared there.

Axes and spacings are as in ``nnunet_steps.py``, which does the same on the processor.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pedcontour.inference.body_region import find_body
from pedcontour.inference.device_resampling import resize_cubic_on_device, resize_slices_cubic_on_device
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import (
    Prepared,
    Slices,
    cubic_resampling,
    network_shape,
    prepare,
    transposed_spacing,
)

NORMALISATION = "CTNormalization"
"""The one that is done on a device; others look at the whole image first, and no network for CTs asks for them."""

LEAST_DEVIATION = 1e-8
"""nnU-Net divides by no less."""


def prepare_on_device(
    definition: Definition,
    voxels: npt.NDArray[Any],
    spacing_mm: tuple[float, float, float],
    device: torch.device,
    *,
    look_for_body: bool = False,
) -> Prepared:
    """What ``prepare`` gives, with the data on the device; other plans than nnU-Net's default go over the processor."""
    spacing = transposed_spacing(definition, spacing_mm)
    how = cubic_resampling(definition, spacing)
    if how is None or list(definition.configuration.normalization_schemes) != [NORMALISATION]:
        prepared = prepare(definition, voxels, spacing_mm, look_for_body=look_for_body)
        return replace(prepared, data=torch.as_tensor(prepared.data).to(device))
    image = voxels.transpose(definition.plans.transpose_forward)
    uploaded = _upload(image, device)
    box = _nonzero_box(uploaded)
    cropped = _normalise(definition, uploaded[box])
    shape = network_shape(definition, tuple(cropped.shape), spacing)
    if how.thick_axis is None:
        data = resize_cubic_on_device(cropped, shape)
    else:
        data = resize_slices_cubic_on_device(cropped, shape, how.thick_axis)
    # The device computes by itself meanwhile.
    body = find_body(image[box], spacing) if look_for_body else None
    return Prepared(data[None], image.shape, box, spacing, body)


def _upload(image: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """Whole Hounsfield units as two bytes, others as float32; by way of memory that a card reads by itself."""
    whole = image.dtype == np.int16
    staged = torch.empty(image.shape, dtype=torch.int16 if whole else torch.float32, pin_memory=device.type == "cuda")
    np.copyto(staged.numpy(), image, casting="unsafe")
    return staged.to(device, non_blocking=True)


def _nonzero_box(image: torch.Tensor) -> Slices:
    """The smallest box with every voxel that is not 0; the whole image when all are."""
    nonzero = image != 0
    bounds = []
    for axis in range(3):
        first_other, other = (n for n in range(3) if n != axis)
        (found,) = np.nonzero(nonzero.any(other).any(first_other).cpu().numpy())
        bounds.append(slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, image.shape[axis]))
    return bounds[0], bounds[1], bounds[2]


def _normalise(definition: Definition, image: torch.Tensor) -> torch.Tensor:
    """nnU-Net's CTNormalization, in float32."""
    intensities = definition.plans.foreground_intensity_properties_per_channel["0"]
    lowest, highest = intensities["percentile_00_5"], intensities["percentile_99_5"]
    clipped = image.to(torch.float32, copy=True).clamp_(lowest, highest)
    return clipped.sub_(intensities["mean"]).div_(max(intensities["std"], LEAST_DEVIATION))
