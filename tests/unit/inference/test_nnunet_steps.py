"""Preprocessing against nnU-Net's."""

import numpy as np

from pedcontour.inference.nnunet_network import Definition
from pedcontour.inference.nnunet_steps import prepare
from tests.unit.inference.planned import SHAPE, SPACING_MM, definition_with, image, stock_preprocessing

HU_SCALED = 1e-5
"""Largest difference after normalisation: 0.002 HU with the toy's standard deviation of 200 HU."""


def test_an_image_is_prepared_as_by_nnunets_preprocessor(
    definition: Definition, spacing_mm: tuple[float, float, float]
) -> None:
    stock, properties = stock_preprocessing(definition, spacing_mm)
    prepared = prepare(definition, image(), spacing_mm)
    np.testing.assert_allclose(prepared.data, np.asarray(stock), rtol=0, atol=HU_SCALED)
    assert [[part.start, part.stop] for part in prepared.box] == [list(b) for b in properties["bbox_used_for_cropping"]]
    assert prepared.full_shape == properties["shape_before_cropping"]


def test_an_image_of_zeros_is_not_cropped_away() -> None:
    prepared = prepare(definition_with({}), np.zeros(SHAPE, np.int16), SPACING_MM)
    assert prepared.data.shape == (1, 25, 26, 25)


def test_rounding_in_a_spacing_does_not_change_how_an_image_is_resampled() -> None:
    definition = definition_with({})
    exact = prepare(definition, image(), (9.0, 3.0, 3.0))
    noisy = prepare(definition, image(), (9.000000000000002, 3.0, 3.0000000000000004))
    np.testing.assert_array_equal(exact.data, noisy.data)


def test_the_body_is_looked_for_where_it_is_asked_for() -> None:
    definition = definition_with({})
    assert prepare(definition, image(), SPACING_MM).body is None
    prepared = prepare(definition, image(), SPACING_MM, look_for_body=True)
    assert prepared.body is not None
    assert prepared.body.shape == prepared.cropped_shape
