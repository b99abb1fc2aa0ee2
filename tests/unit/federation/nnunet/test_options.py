"""A site's options become settings, or are refused by name."""

from dataclasses import replace
from pathlib import Path

import pytest

from pedcontour.errors import RequestError
from pedcontour.federation.nnunet.options import read_options
from pedcontour.federation.nnunet.planning import quartered
from pedcontour.federation.nnunet.recipe import Recipe
from pedcontour.federation.nnunet.rolls import LATERAL_OR_SUPINE
from pedcontour.federation.nnunet.settings import SiteSettings
from pedcontour.small_network.plans import shrink


def test_without_options_training_is_nnu_net_s_own() -> None:
    assert read_options({}) == SiteSettings()


def test_every_option_is_heard() -> None:
    read = read_options(
        {"rolls": "-120..-60,-30..30", "workers": "0", "deterministic": "true", "fold": "all", "proximal": "0.01"}
    )
    assert read == SiteSettings(rolls=LATERAL_OR_SUPINE, workers=0, deterministic=True, fold="all", proximal=0.01)
    small = read_options({"network": "quarter", "gpu_memory_gb": "2", "spacing_mm": "3,2,2", "iterations": "10"})
    assert small.iterations == 10
    assert replace(small.planning, adapt=quartered) == small.planning
    assert (small.planning.gpu_memory_gb, small.planning.spacing_mm) == (2.0, (3.0, 2.0, 2.0))
    assert read_options({"network": "small"}).planning.adapt is shrink
    own = {
        "optimizer": "adamw",
        "learning_rate": "5e-4",
        "foreground": "0.67",
        "fast_cpu": "true",
        "start": "/models/a",
    }
    assert read_options(own) == SiteSettings(recipe=Recipe("adamw", 5e-4, 0.67, True), start=Path("/models/a"))


def test_without_a_learning_rate_each_optimiser_has_its_own() -> None:
    assert (Recipe().peak, Recipe("adamw").peak, Recipe("sgd", 0.5).peak) == (0.01, 0.0015, 0.5)


@pytest.mark.parametrize("other", [{}, {"workers": "0", "device": "cuda"}])
def test_the_same_bits_are_not_promised_where_nnu_net_cannot_keep_it(other: dict[str, str]) -> None:
    with pytest.raises(RequestError, match="deterministic"):
        read_options({"deterministic": "true"} | other)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fold", "7"),
        ("iterations", "0"),
        ("device", "tpu"),
        ("rolls", "wide"),
        ("rolls", "-400..0"),
        ("network", "enormous"),
        ("epochs", "5"),
        ("optimizer", "lion"),
        ("learning_rate", "0"),
        ("foreground", "1.5"),
        ("start", "models/a"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(RequestError, match="option"):
        read_options({name: value})
