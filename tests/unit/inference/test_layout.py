import numpy as np
import pytest

from pedcontour.inference.body_region import BodyRegion, find_body
from pedcontour.inference.layout import LEAST_MARGIN_VOXELS, lay_tiles

SPACING_MM = (3.0, 3.0, 3.0)


def _body(shape: tuple[int, int, int], *parts: tuple[slice, slice, slice]) -> BodyRegion:
    voxels = np.full(shape, -1000, np.int16)
    for part in parts:
        voxels[part] = 0
    return find_body(voxels, SPACING_MM)


def test_without_a_body_every_tile_of_the_image_is_run() -> None:
    layout = lay_tiles((64, 96, 97), (32, 48, 48), 0.5)
    assert (layout.run, layout.skipped) == (3 * 3 * 4, 0)
    assert layout.covered == layout.shape == (64, 96, 97)


def test_an_image_smaller_than_a_tile_lies_in_the_middle_of_zeros() -> None:
    layout = lay_tiles((10, 96, 96), (32, 48, 48), 0.5)
    assert layout.before == (11, 0, 0)
    assert layout.shape == (32, 96, 96)
    assert layout.covered == (10, 96, 96)


def test_with_a_body_the_tiles_cover_it_with_a_margin_and_no_more() -> None:
    body = _body((100, 200, 200), (slice(None), slice(60, 140), slice(50, 150)))
    layout = lay_tiles((100, 200, 200), (32, 48, 48), 0.5, body, around_body=True)
    extents = [(0, 100), (60, 140), (50, 150)]
    for part, image, (first, last) in zip(layout.box, (100, 200, 200), extents, strict=True):
        assert part.start <= max(0, first - LEAST_MARGIN_VOXELS)
        assert part.stop >= min(image, last + LEAST_MARGIN_VOXELS)
    assert layout.covered[1] < 110
    assert layout.run < lay_tiles((100, 200, 200), (32, 48, 48), 0.5).run


def test_the_margin_costs_no_further_tile() -> None:
    # 90 voxels with the least margin are 96, which two half-overlapping steps of 48 cover; with the full one 106.
    body = _body((48, 200, 200), (slice(None), slice(50, 140), slice(50, 140)))
    layout = lay_tiles((48, 200, 200), (48, 48, 48), 0.5, body, around_body=True)
    assert layout.covered[1:] == (96, 96)
    assert layout.run == 9


def test_a_small_body_still_fills_a_tile_where_the_image_has_it() -> None:
    body = _body((100, 100, 100), (slice(0, 12), slice(40, 60), slice(88, 100)))
    layout = lay_tiles((100, 100, 100), (32, 48, 48), 0.5, body, around_body=True)
    assert layout.covered == (32, 48, 48)
    assert layout.shape == (32, 48, 48)
    assert layout.box[0].start == 0
    assert layout.box[2].stop == 100


def test_tiles_in_air_are_skipped() -> None:
    legs = (slice(None), slice(0, 30), slice(0, 30)), (slice(None), slice(170, 200), slice(170, 200))
    body = _body((48, 200, 200), *legs)
    layout = lay_tiles((48, 200, 200), (48, 48, 48), 0.5, body, around_body=True)
    assert layout.skipped > 0
    assert layout.run + layout.skipped == lay_tiles((48, 200, 200), (48, 48, 48), 0.5).run
    for row in layout.rows:
        for b, c in row.corners:
            assert any(b < part[1].stop + 9 and b + 48 > part[1].start - 9 for part in legs), (b, c)


def test_an_image_of_air_needs_no_tile() -> None:
    layout = lay_tiles((48, 100, 100), (48, 48, 48), 0.5, _body((48, 100, 100)))
    assert layout.run == 0
    assert layout.covered == (48, 100, 100)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_what_tissue_encloses_belongs_to_the_body_also_where_the_stack_ends(axis: int) -> None:
    voxels = np.full((60, 60, 60), -1000, np.int16)
    voxels[:, 10:50, 10:50] = 0
    voxels[:30, 20:40, 20:40] = -900
    body = find_body(np.moveaxis(voxels, 0, axis), SPACING_MM)
    lung = [(0.4, 0.6)] * 3
    lung[axis] = (0.0, 0.2)
    assert body.touches(tuple(lung))
    outside = [(0.0, 0.1)] * 3
    assert not body.touches(tuple(outside))


def test_a_couch_top_and_noise_are_no_body() -> None:
    voxels = np.random.default_rng(0).normal(-1000, 60, (50, 120, 120))
    voxels[:, 20:60, 40:80] += 1000
    voxels[:, 100:102, :] = 0
    voxels[10, 5, 5] = 500
    bounds = [find_body(voxels, SPACING_MM).bounds(axis) for axis in range(3)]
    assert bounds[0] == (0.0, 1.0)
    assert bounds[1] == pytest.approx((20 / 120, 60 / 120), abs=0.02)
    assert bounds[2] == pytest.approx((40 / 120, 80 / 120), abs=0.02)
