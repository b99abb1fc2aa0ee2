"""Preparing and labelling on a device against the processor, for every kind of plan, thin and thick slices."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from pedcontour.inference.confidence import Confidence
from pedcontour.inference.decision import decision_of
from pedcontour.inference.device_labelling import labelling_on_device
from pedcontour.inference.device_steps import prepare_on_device
from pedcontour.inference.labelling import labelling_for
from pedcontour.inference.layout import lay_tiles
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import Prepared, prepare
from pedcontour.inference.sliding import Slab
from tests.toy_nnunet import LABELS, toy_image
from tests.unit.inference.devices import on_every_device
from tests.unit.inference.planned import REGIONS, SHAPE, SPACING_MM, definition_with, image, stock_preprocessing

HU_SCALED = 1e-5
"""Largest difference after normalisation: 0.002 HU with the toy's standard deviation of 200 HU."""

Spacing = tuple[float, float, float]


def _on_host(prepared: Prepared) -> np.ndarray:
    assert isinstance(prepared.data, torch.Tensor)
    return prepared.data.cpu().numpy()


@on_every_device
def test_an_image_is_prepared_as_by_nnunets_preprocessor(
    device: torch.device, definition: Definition, spacing_mm: Spacing
) -> None:
    stock, _ = stock_preprocessing(definition, spacing_mm)
    host = prepare(definition, image(), spacing_mm, look_for_body=True)
    ours = prepare_on_device(definition, image(), spacing_mm, device, look_for_body=True)
    assert isinstance(ours.data, torch.Tensor)
    assert (ours.data.dtype, ours.data.device.type) == (torch.float32, device.type)
    np.testing.assert_allclose(_on_host(ours), np.asarray(stock), rtol=0, atol=HU_SCALED)
    assert (ours.box, ours.full_shape, ours.spacing_mm) == (host.box, host.full_shape, host.spacing_mm)
    assert ours.body is not None
    assert host.body is not None
    np.testing.assert_array_equal(ours.body.inside, host.body.inside)


@on_every_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint16])
def test_hounsfield_units_may_come_in_any_type(device: torch.device, dtype: type) -> None:
    definition, voxels = definition_with({}), np.abs(image())
    whole = prepare_on_device(definition, voxels, SPACING_MM, device)
    other = prepare_on_device(definition, voxels.astype(dtype), SPACING_MM, device)
    np.testing.assert_array_equal(_on_host(other), _on_host(whole))


@on_every_device
def test_an_image_that_is_a_view_is_prepared_and_left_as_it_was(device: torch.device) -> None:
    definition, voxels = definition_with({}), image()
    voxels.setflags(write=False)
    turned = prepare_on_device(definition, voxels[::-1, :, ::-1], SPACING_MM, device)
    host = prepare(definition, voxels[::-1, :, ::-1], SPACING_MM)
    np.testing.assert_allclose(_on_host(turned), host.data, rtol=0, atol=HU_SCALED)
    np.testing.assert_array_equal(voxels, image())


@on_every_device
def test_an_image_of_zeros_is_not_cropped_away(device: torch.device) -> None:
    prepared = prepare_on_device(definition_with({}), np.zeros(SHAPE, np.int16), SPACING_MM, device)
    assert tuple(prepared.data.shape) == (1, 25, 26, 25)


@on_every_device
@pytest.mark.parametrize("ends", [1, 5, 100])
@pytest.mark.parametrize("dtype", [torch.half, torch.float32])
def test_slabs_become_the_processors_labels(
    device: torch.device, definition: Definition, spacing_mm: Spacing, ends: int, dtype: torch.dtype
) -> None:
    prepared = prepare(definition, image(), spacing_mm)
    a, b, c = prepared.data.shape[1:]
    random = np.random.default_rng(0)
    fields = [gaussian_filter(random.normal(0, 60, (a, b, c)), 2) for _ in LABELS]
    logits = torch.from_numpy(np.array(fields)).to(dtype)
    layout = lay_tiles((a, b, c), definition.patch_size, 0.5)
    channels = tuple(range(len(LABELS)))
    by_numpy, by_torch = Confidence(channels), Confidence(channels)
    host = labelling_for(definition, prepared, layout, by_numpy)
    ours = labelling_on_device(definition, prepared, layout, by_torch, device)
    for slab in _slabs(logits, [*range(ends, a, ends), a]):
        host.add(slab)
        ours.add(Slab(slab.logits.to(device), slab.first, slab.seen))
    drawn = ours.channels()
    assert drawn.dtype == np.uint8
    np.testing.assert_array_equal(drawn, host.channels())
    assert len(np.unique(drawn)) == len(LABELS)
    assert by_torch.by_label().keys() == by_numpy.by_label().keys()
    for label, sure in by_torch.by_label().items():
        assert sure == pytest.approx(by_numpy.by_label()[label], rel=1e-5)


def _slabs(logits: torch.Tensor, ends: list[int]) -> Iterator[Slab]:
    """The logits in parts that end so, each with the plane before it."""
    start = 0
    for end in ends:
        seen = int(start > 0)
        yield Slab(logits[:, start - seen : end], start - seen, seen)
        start = end


@on_every_device
def test_overlapping_regions_are_painted_as_by_the_processor(device: torch.device) -> None:
    definition = definition_with({}, REGIONS)
    prepared = prepare(definition, image(), SPACING_MM)
    a, b, c = prepared.data.shape[1:]
    random = np.random.default_rng(1)
    scores = np.array([gaussian_filter(random.normal(0, 60, (a, b, c)), 2) for _ in range(definition.channels)])
    layout = lay_tiles((a, b, c), definition.patch_size, 0.5)
    drawn = []
    for label in (labelling_for, partial(labelling_on_device, device=device)):
        confidence = Confidence(tuple(range(definition.channels + 1)), decision_of(definition))
        labelling = label(definition, prepared, layout, confidence)
        labelling.add(Slab(torch.from_numpy(scores).float().to(device), 0, 0))
        drawn.append((labelling.channels(), confidence.by_label()))
    np.testing.assert_array_equal(drawn[0][0], drawn[1][0])
    assert drawn[0][1] == drawn[1][1]
    assert len(np.unique(drawn[0][0])) > 3


@on_every_device
def test_outside_the_tiles_is_background(device: torch.device) -> None:
    definition = definition_with({})
    voxels = np.full((60, 120, 120), -1000, np.int16)
    voxels[20:40, 40:80, 40:80] = toy_image((20, 40, 40), SPACING_MM)[0].voxels
    prepared = prepare_on_device(definition, voxels, (3.0, 3.0, 3.0), device, look_for_body=True)
    layout = lay_tiles((60, 120, 120), definition.patch_size, 0.5, prepared.body, around_body=True)
    labelling = labelling_on_device(definition, prepared, layout, Confidence(tuple(range(8))), device)
    logits = torch.zeros((len(LABELS), *layout.covered), device=device)
    logits[3] = 1.0
    labelling.add(Slab(logits, 0, 0))
    expected = np.zeros_like(voxels, np.uint8)
    expected[layout.box] = 3
    np.testing.assert_array_equal(labelling.channels(), expected)
