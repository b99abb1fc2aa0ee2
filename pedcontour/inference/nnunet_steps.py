"""The steps of an nnU-Net prediction on arrays, by nnU-Net's own definitions: image in, tiles, logits out, labels.

Axes: ``(k, j, i)`` means the orientation the network was trained in; "transposed" means after nnU-Net's
``transpose_forward``, which is how the network sees it. Spacings are in mm in the order of the axes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from pedcontour.errors import ModelUnsupportedError
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_quiet import quiet
from pedcontour.inference.winner import AxisSampling, Sampling, winning_class

with quiet():
    from acvl_utils.cropping_and_padding.padding import pad_nd_image
    from nnunetv2.configuration import ANISO_THRESHOLD
    from nnunetv2.inference.sliding_window_prediction import compute_gaussian, compute_steps_for_sliding_window
    from nnunetv2.preprocessing.cropping.cropping import create_nonzero_mask
    from nnunetv2.preprocessing.resampling.default_resampling import compute_new_shape, determine_do_sep_z_and_axis

TILE_STEP = 0.5
"""nnU-Net's default: neighbouring tiles overlap by half."""

GAUSSIAN_SCALE = 10
"""What nnU-Net multiplies its Gaussian by, so that its edges survive half precision."""

SPACING_DECIMALS = 6
"""Spacings are rounded to 1e-6 mm: nnU-Net compares them exactly to find a thick axis, and norms of an oblique affine
carry
rounding in the last bit. DICOM itself gives fewer decimals."""

ACCUMULATION = torch.half
"""nnU-Net sums weighted tiles in half precision. Ours does too: equal to stock to the bit, at half the memory."""

Slices = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Prepared:
    """The network's view of an image and the way back.

    ``data`` is float32 ``(1, a, b, c)`` on the network's grid, transposed. ``full_shape`` and ``box`` are the
    transposed shape before cropping and the cropped part of it; ``spacing_mm`` the transposed spacing before
    resampling.
    """

    data: npt.NDArray[np.float32]
    full_shape: tuple[int, ...]
    box: Slices
    spacing_mm: tuple[float, ...]


def prepare(definition: Definition, voxels: npt.NDArray[Any], spacing_mm: tuple[float, float, float]) -> Prepared:
    """nnU-Net's preprocessing of one CT channel: transpose, crop to nonzero, normalise, resample.

    ``voxels`` are Hounsfield units, axes ``(k, j, i)``; they are not changed.
    """
    order = definition.plans.transpose_forward
    spacing = tuple(round(spacing_mm[axis], SPACING_DECIMALS) for axis in order)
    image = voxels.transpose(order)
    box = _nonzero_box(image)
    data = np.array(image[box], dtype=np.float32, order="C")[None]
    configuration = definition.configuration
    new_shape = compute_new_shape(data.shape[1:], spacing, configuration.spacing)
    mask = _outside_mask(image, box) if any(configuration.use_mask_for_norm) else None
    data = _normalise(definition, data, mask)
    resampled = configuration.resampling_fn_data(data, new_shape, spacing, configuration.spacing)
    return Prepared(np.asarray(resampled, dtype=np.float32), image.shape, box, spacing)


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


def run_tiles(
    definition: Definition,
    network: Callable[[torch.Tensor], torch.Tensor],
    data: npt.NDArray[np.float32],
    device: torch.device,
    progress: Callable[[float], None],
) -> torch.Tensor:
    """Slide the network over ``data`` ``(1, a, b, c)`` as nnU-Net does; logits ``(channels, a, b, c)``, half
    precision, on the CPU.

    ``progress`` hears the share of tiles done after each; what it raises ends the work. Raises
    ``ModelUnsupportedError`` when the network's outputs exceed half precision, as stock nnU-Net would fail too.
    """
    patch = definition.patch_size
    padded, revert = pad_nd_image(torch.from_numpy(data), patch, "constant", {"value": 0}, True, None)
    padded = padded.to(device)
    gaussian = compute_gaussian(patch, sigma_scale=1.0 / 8, value_scaling_factor=GAUSSIAN_SCALE, device=device)
    total = torch.zeros((definition.channels, *padded.shape[1:]), dtype=ACCUMULATION, device=device)
    weight = torch.zeros(padded.shape[1:], dtype=ACCUMULATION, device=device)
    tiles = list(_tiles(tuple(padded.shape[1:]), patch))
    for done, tile in enumerate(tiles, start=1):
        region = (slice(None), *tile)
        logits = network(padded[region][None].contiguous())[0]
        logits *= gaussian
        total[region] += logits
        weight[tile] += gaussian
        progress(done / len(tiles))
    torch.div(total, weight, out=total)
    # Not only infinity: half precision can overflow inside the network, and its normalisation turns that into NaN.
    if not torch.isfinite(total).all():
        raise ModelUnsupportedError("the network's outputs exceed half precision")
    return total[(slice(None), *revert[1:])].cpu()


def _tiles(shape: tuple[int, ...], patch: tuple[int, ...]) -> Iterator[Slices]:
    for corner in product(*compute_steps_for_sliding_window(shape, patch, TILE_STEP)):
        a, b, c = (slice(start, start + size) for start, size in zip(corner, patch, strict=True))
        yield a, b, c


def label_channels(
    definition: Definition, logits: torch.Tensor, prepared: Prepared, progress: Callable[[float], None]
) -> npt.NDArray[np.uint8]:
    """The winning channel of every voxel of the scanner's grid, axes ``(k, j, i)``, as nnU-Net's export finds it.

    nnU-Net resamples all channels to the scanner's grid and takes the first largest. Where its resampling is linear
    (its default), ``winning_class`` gives the same without the volumes; else channel by channel with a running maximum.
    """
    shape = tuple(part.stop - part.start for part in prepared.box)
    sampling = _linear_sampling(definition, tuple(logits.shape[1:]), shape, prepared.spacing_mm)
    if sampling is not None:
        winner = winning_class(logits.numpy(), sampling, progress)
    else:
        winner = _running_maximum(definition, logits, shape, prepared.spacing_mm, progress)
    full = np.zeros(prepared.full_shape, np.uint8)
    full[prepared.box] = winner
    return full.transpose(definition.plans.transpose_backward)


def _linear_sampling(
    definition: Definition, coarse: tuple[int, ...], fine: tuple[int, ...], spacing_mm: tuple[float, ...]
) -> Sampling | None:
    """nnU-Net's default resampling of logits, axis by axis; None where the plans ask for another one.

    Linear, but for an axis of thick slices, along which nnU-Net takes the nearest.
    """
    plan = definition.configuration.configuration
    defaults = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": False}
    defaults["separate_z_anisotropy_threshold"] = ANISO_THRESHOLD
    options = defaults | plan["resampling_fn_probabilities_kwargs"]
    if plan["resampling_fn_probabilities"] != "resample_data_or_seg_to_shape" or options["is_seg"]:
        return None
    separate, thick_axis = determine_do_sep_z_and_axis(
        options["force_separate_z"],
        definition.configuration.spacing,
        spacing_mm,
        options["separate_z_anisotropy_threshold"],
    )
    if options["order"] != 1 or (separate and options["order_z"] != 0):
        return None
    a, b, c = (
        AxisSampling.nearest(n, m) if separate and axis == thick_axis else AxisSampling.linear(n, m)
        for axis, (n, m) in enumerate(zip(coarse, fine, strict=True))
    )
    return a, b, c


def _running_maximum(
    definition: Definition,
    logits: torch.Tensor,
    shape: tuple[int, ...],
    spacing_mm: tuple[float, ...],
    progress: Callable[[float], None],
) -> npt.NDArray[np.uint8]:
    """The first largest channel after nnU-Net's own resampling, holding two channels at a time.

    It treats channels one by one, so this gives what resampling all of them and taking the maximum gives.
    """
    best: npt.NDArray[Any] | None = None
    winner = np.zeros(shape, np.uint8)
    for channel in range(len(logits)):
        one = logits[channel : channel + 1]
        configuration = definition.configuration
        values = np.asarray(configuration.resampling_fn_probabilities(one, shape, configuration.spacing, spacing_mm))[0]
        larger = values > (best if best is not None else -np.inf)
        best = np.array(values) if best is None else np.maximum(best, values)
        winner[larger] = channel
        progress((channel + 1) / len(logits))
    return winner


class Certainty(NamedTuple):
    """How sure a network was of a label, over the voxels it gave to it: mean and standard deviation, each 0 to 1."""

    mean: float
    spread: float


def channel_certainty(logits: torch.Tensor, label_of_channel: tuple[int, ...]) -> dict[int, Certainty]:
    """Per label, the softmax probability over the voxels of the network's grid labelled so; 0 is left out.

    The probability of a label is the sum over its channels. A label that wins nowhere on this grid is not in the
    result.
    """
    lookup = torch.tensor(label_of_channel)
    labels = max(label_of_channel) + 1
    total, squares, count = (torch.zeros(labels, dtype=torch.float64) for _ in range(3))
    for part in logits.unbind(1):  # slice by slice: a whole softmax in float32 would double the memory
        probability = torch.zeros((labels, *part.shape[1:]))
        probability.index_add_(0, lookup, torch.softmax(part.float(), 0))
        winner = lookup[part.argmax(0)]
        confidence = probability.gather(0, winner[None])[0].flatten().double()
        total.index_add_(0, winner.flatten(), confidence)
        squares.index_add_(0, winner.flatten(), confidence.square())
        count += torch.bincount(winner.flatten(), minlength=labels)
    certainties = {}
    for n in range(1, labels):
        if count[n] > 0:
            mean = float(total[n] / count[n])
            variance = max(0.0, float(squares[n] / count[n]) - mean**2)
            certainties[n] = Certainty(min(mean, 1.0), variance**0.5)
    return certainties
