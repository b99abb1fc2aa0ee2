"""Sizes by age: monotonic, within the literature's order, exact at the stated ages."""

from itertools import pairwise

import numpy as np
import pytest

from pedcontour.phantom.growth import AGES_YEARS, VOLUMES_ML, size_at


def test_children_only_grow() -> None:
    sizes = [size_at(age) for age in np.linspace(0.0, 18.0, 37)]
    for earlier, later in pairwise(sizes):
        assert all(a <= b for a, b in zip(earlier.scale, later.scale, strict=True))
        assert all(earlier.volumes_ml[o] <= later.volumes_ml[o] for o in VOLUMES_ML)


def test_the_stated_ages_have_the_stated_volumes() -> None:
    for organ, curve in VOLUMES_ML.items():
        for age, ml in zip(AGES_YEARS, curve, strict=True):
            assert size_at(age).volumes_ml[organ] == pytest.approx(ml)


def test_the_factor_brings_a_reference_organ_to_its_volume() -> None:
    size = size_at(7.0)
    factor = size.factor("liver", 1500.0)
    assert 1500.0 * float(np.prod(size.scale)) * factor**3 == pytest.approx(size.volumes_ml["liver"])
