"""An update that no training makes is refused by the name of its site."""

import numpy as np
import pytest

from pedcontour.errors import UpdateUnfitError
from pedcontour.federation.averaging import OPTIMIZER_STATE, Weights
from pedcontour.federation.gates import check_change, check_weights

BASE = {"a": np.full((3, 4), 2.0, np.float32), "b": np.zeros(4, np.float32)}


def _moved(by: float) -> Weights:
    return {"a": BASE["a"] + np.float32(by), "b": BASE["b"]}


def test_a_model_that_moved_as_training_moves_it_passes() -> None:
    check_change("birch", _moved(1.0), BASE)


def test_an_update_a_hundred_times_too_long_is_refused_by_the_site_s_name() -> None:
    with pytest.raises(UpdateUnfitError, match=r"birch: it moved the model by 50\.0 times"):
        check_change("birch", _moved(100.0), BASE)


def _with_momentum(length: float) -> Weights:
    return BASE | {f"{OPTIMIZER_STATE}a": np.full(4, length / 2, np.float32)}


def test_the_optimizer_s_state_is_no_part_of_the_model_s_change() -> None:
    check_change("birch", _with_momentum(1e6), _with_momentum(0.0))


def test_momentum_as_long_as_training_makes_it_passes() -> None:
    check_weights("birch", _with_momentum(1200.0), _with_momentum(0.0))


@pytest.mark.parametrize("length", [1e4, 1e37])
def test_momentum_longer_than_all_remembered_steps_is_refused_by_the_site_s_name(length: float) -> None:
    with pytest.raises(UpdateUnfitError, match=r"birch: its momentum is .* times as long"):
        check_weights("birch", _with_momentum(length), _with_momentum(0.0))
