"""A site begins with the very model that its charter names, or not at all."""

from pathlib import Path

import numpy as np
import pytest

from pedcontour.bundle import load_bundle
from pedcontour.errors import FirstModelDiffersError, RequestError, UpdateUnfitError
from pedcontour.federation.nnunet.first_model import check_first_model, read_first_model
from pedcontour.federation.provenance import digest_of_bundle
from pedcontour.federation.weights import digest_of
from tests.made_federation import a_charter

SHIPPED = Path(__file__).parents[4] / "models" / "pedcontour-small"


def test_the_model_is_read_when_it_is_the_charter_s() -> None:
    named = digest_of_bundle(load_bundle(SHIPPED))
    weights = read_first_model(SHIPPED, a_charter(initial=named))
    assert weights is not None
    assert digest_of(weights) == named


def test_another_model_than_the_charter_s_is_refused() -> None:
    with pytest.raises(FirstModelDiffersError, match="pedcontour-small"):
        read_first_model(SHIPPED, a_charter(initial="00" * 32))


def test_a_charter_that_names_a_model_needs_its_folder() -> None:
    with pytest.raises(RequestError, match="give its folder"):
        read_first_model(None, a_charter(initial="00" * 32))


def test_a_folder_that_no_charter_asked_for_is_refused() -> None:
    with pytest.raises(RequestError, match="names no model"):
        read_first_model(SHIPPED, a_charter())


def test_without_both_the_charter_s_seed_draws_the_model() -> None:
    assert read_first_model(None, a_charter()) is None


def test_a_model_of_another_network_is_refused() -> None:
    planned = {"a": np.zeros((2, 2), np.float32)}
    check_first_model({"a": np.ones((2, 2), np.float32)}, planned)
    with pytest.raises(UpdateUnfitError, match="begin with"):
        check_first_model({"a": np.ones((3, 2), np.float32)}, planned)
