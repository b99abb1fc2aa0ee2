"""Labels from slabs of logits against nnU-Net's export of them all."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from pedcontour.inference.confidence import Confidence
from pedcontour.inference.decision import decision_of
from pedcontour.inference.labelling import labelling_for
from pedcontour.inference.layout import Layout, lay_tiles
from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import prepare
from pedcontour.inference.sliding import Slab
from tests.toy_nnunet import LABELS, toy_image
from tests.unit.inference.planned import REGIONS, SPACING_MM, definition_with, image, stock_preprocessing

CHANNELS = tuple(range(len(LABELS)))


def _slabs(logits: torch.Tensor, ends: list[int]) -> Iterator[Slab]:
    """The logits in parts that end so, each with the plane before it."""
    start = 0
    for end in ends:
        seen = int(start > 0)
        yield Slab(logits[:, start - seen : end], start - seen, seen)
        start = end


@pytest.mark.parametrize("ends", [1, 5, 100])
def test_labels_are_those_of_nnunets_export(
    definition: Definition, spacing_mm: tuple[float, float, float], ends: int
) -> None:
    from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape

    _, properties = stock_preprocessing(definition, spacing_mm)
    prepared = prepare(definition, image(), spacing_mm)
    shape = prepared.data.shape[1:]
    random = np.random.default_rng(0)
    fields = [gaussian_filter(random.normal(0, 60, shape), 2) for _ in LABELS]
    logits = torch.from_numpy(np.array(fields)).half()
    stock = convert_predicted_logits_to_segmentation_with_correct_shape(
        logits.clone(), definition.plans, definition.configuration, definition.labels, properties, num_threads_torch=1
    )
    confidence = Confidence(CHANNELS)
    labelling = labelling_for(definition, prepared, _everything(shape, definition), confidence)
    for slab in _slabs(logits, [*range(ends, shape[0], ends), shape[0]]):
        labelling.add(slab)
    np.testing.assert_array_equal(labelling.channels(), stock)
    assert len(np.unique(stock)) == len(LABELS)
    whole = Confidence(CHANNELS)
    whole.add(logits.numpy(), logits.numpy().argmax(0).astype(np.uint8))
    assert confidence.by_label().keys() == whole.by_label().keys()
    for label, sure in confidence.by_label().items():
        assert sure == pytest.approx(whole.by_label()[label])


@pytest.mark.parametrize("order", [1, 3], ids=["lazily", "by whole volumes"])
def test_regions_are_painted_as_by_nnunets_export(order: int, spacing_mm: tuple[float, float, float]) -> None:
    from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape

    changes = {"resampling_fn_probabilities_kwargs": {"is_seg": False, "order": order, "force_separate_z": None}}
    definition = definition_with(changes, REGIONS)
    _, properties = stock_preprocessing(definition, spacing_mm)
    prepared = prepare(definition, image(), spacing_mm)
    shape, random = prepared.data.shape[1:], np.random.default_rng(0)
    fields = [gaussian_filter(random.normal(-10, 60, shape), 2) for _ in range(definition.channels)]
    logits = torch.from_numpy(np.array(fields)).half()
    stock = convert_predicted_logits_to_segmentation_with_correct_shape(
        logits.clone(), definition.plans, definition.configuration, definition.labels, properties, num_threads_torch=1
    )
    labels = np.array([0, *REGIONS["regions_class_order"]], np.uint8)
    confidence = Confidence(labels.tolist(), decision_of(definition))
    labelling = labelling_for(definition, prepared, _everything(shape, definition), confidence)
    for slab in _slabs(logits, [*range(5, shape[0], 5), shape[0]]):
        labelling.add(slab)
    np.testing.assert_array_equal(labels[labelling.channels()], stock)
    assert len(np.unique(stock)) == 8


def _everything(shape: tuple[int, ...], definition: Definition) -> Layout:
    a, b, c = shape
    return lay_tiles((a, b, c), definition.patch_size, 0.5)


@pytest.mark.parametrize("regions", [{}, REGIONS], ids=["labels", "regions"])
@pytest.mark.parametrize("order", [1, 3], ids=["lazily", "by whole volumes"])
def test_outside_the_tiles_is_background(order: int, regions: dict[str, Any]) -> None:
    definition = definition_with({"resampling_fn_probabilities_kwargs": {"is_seg": False, "order": order}}, regions)
    voxels = np.full((60, 120, 120), -1000, np.int16)
    voxels[20:40, 40:80, 40:80] = toy_image((20, 40, 40), SPACING_MM)[0].voxels
    prepared = prepare(definition, voxels, (3.0, 3.0, 3.0), look_for_body=True)
    layout = lay_tiles((60, 120, 120), definition.patch_size, 0.5, prepared.body, around_body=True)
    assert layout.covered < (60, 120, 120)
    confidence = Confidence(CHANNELS, decision_of(definition))
    labelling = labelling_for(definition, prepared, layout, confidence)
    logits = torch.full((definition.channels, *layout.covered), -1.0)
    logits[2 if regions else 3] = 1.0
    labelling.add(Slab(logits, 0, 0))
    channels = labelling.channels()
    expected = np.zeros_like(channels)
    expected[layout.box] = 3
    np.testing.assert_array_equal(channels, expected)
