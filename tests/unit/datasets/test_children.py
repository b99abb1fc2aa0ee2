"""Training children are reproducible, varied, and never those kept for evaluation."""

import numpy as np
import pytest

from pedcontour.datasets.children import FIRST_HELD_OUT_SEED, WIDE_FIELD_MM, ChildMix, training_child

QUICK = ChildMix(short_stack=1.0, wide_field=0.0)


def test_seeds_kept_for_evaluation_are_refused() -> None:
    with pytest.raises(ValueError, match="evaluation"):
        training_child(FIRST_HELD_OUT_SEED)


def test_the_same_seed_gives_the_same_case() -> None:
    one, again = training_child(11, QUICK), training_child(11, QUICK)
    assert np.array_equal(one.image.voxels, again.image.voxels)
    assert np.array_equal(one.truth.voxels, again.truth.voxels)


def test_a_wide_field_shows_the_same_child_in_more_air() -> None:
    narrow, wide = training_child(11, QUICK), training_child(11, ChildMix(short_stack=1.0, wide_field=1.0))
    assert WIDE_FIELD_MM[0] - 5 < wide.image.grid.shape[2] * wide.image.grid.spacing_mm[2] < WIDE_FIELD_MM[1]
    assert wide.image.voxels.size > narrow.image.voxels.size
    for organ in set(narrow.truth.organs.values()):
        assert wide.truth.volume_ml(organ) == pytest.approx(narrow.truth.volume_ml(organ), rel=0.1, abs=1.0)
