"""Random fields belong to places in the patient, whatever grid looks at them."""

import numpy as np

from pedcontour.phantom.noise import SmoothNoise


def _affine(spacing: float, origin: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    matrix = np.diag([spacing, spacing, spacing, 1.0])
    matrix[:3, 3] = origin
    return matrix


def test_two_grids_see_one_field() -> None:
    noise = SmoothNoise(3)
    fine = noise.sample((40, 40, 40), _affine(1.0), 30.0)
    coarse = noise.sample((20, 20, 20), _affine(2.0), 30.0)
    assert np.corrcoef(fine[::2, ::2, ::2].ravel(), coarse.ravel())[0, 1] > 0.98


def test_a_shifted_box_continues_the_field() -> None:
    noise = SmoothNoise(3)
    whole = noise.sample((30, 30, 60), _affine(1.0), 20.0)
    part = noise.sample((30, 30, 30), _affine(1.0, (0.0, 0.0, 30.0)), 20.0)
    assert np.corrcoef(whole[:, :, 30:].ravel(), part.ravel())[0, 1] > 0.95


def test_the_field_has_the_stated_mean_and_spread() -> None:
    field = SmoothNoise(1).sample((80, 80, 80), _affine(5.0), 50.0)
    assert abs(float(field.mean())) < 0.2
    assert 0.65 < float(field.std()) < 0.85


def test_a_texture_is_a_little_lower() -> None:
    field = SmoothNoise(1).sample((80, 80, 80), _affine(2.0), 20.0)
    assert 0.5 < float(field.std()) < 0.75


def test_channels_and_seeds_are_independent() -> None:
    box = ((20, 20, 20), _affine(3.0), 15.0)
    first = SmoothNoise(1).sample(*box)
    for other in (SmoothNoise(1).sample(*box, channel=5), SmoothNoise(2).sample(*box)):
        assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.3


def test_a_box_of_one_voxel_is_possible() -> None:
    assert SmoothNoise(1).sample((1, 5, 5), _affine(2.0), 10.0).shape == (1, 5, 5)
