"""A site trains by its recipe, and from the model that its charter names."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pedcontour.bundle import load_bundle
from pedcontour.errors import RequestError, UpdateUnfitError
from pedcontour.federation.nnunet.recipe import Recipe
from pedcontour.federation.nnunet.site import NnunetSite
from pedcontour.federation.nnunet.site_trainer import SiteTrainer
from pedcontour.federation.provenance import digest_of_bundle
from pedcontour.federation.room import Charter
from tests.made_federation import a_charter
from tests.made_hospital import CASES, ORGANS, a_site, tiny_settings, write_dataset
from tests.toy_nnunet import one_thread

pytestmark = pytest.mark.slow

PAIR = a_charter(("alder", "birch"), organs=ORGANS, rounds=2, local_epochs=2, momentum="keep")
CHARTER = replace(PAIR, sites=PAIR.sites[:1], quorum=1)
SHIPPED = Path(__file__).parents[4] / "models" / "pedcontour-small"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread, and no picture of the losses after each epoch."""
    monkeypatch.setattr("nnunetv2.training.logging.nnunet_logger.MetaLogger.plot_progress_png", lambda *_: None)
    monkeypatch.setattr("pedcontour.federation.nnunet.site_trainer.keep_freed_memory", lambda: None)
    with one_thread():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("alder") / "data", CASES["alder"])


def site_of(data: Path, work: Path, charter: Charter, **settings: Any) -> NnunetSite:
    return a_site("alder", charter, data, work, tiny_settings(iterations=1, deterministic=False, **settings))


def test_the_recipe_reaches_nnu_net_s_trainer_and_moments_are_kept(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, float]] = []
    step = SiteTrainer.train_step

    def noted(trainer: SiteTrainer, batch: dict[str, Any]) -> dict[str, Any]:
        assert isinstance(trainer.optimizer, torch.optim.AdamW)
        assert (trainer.probabilistic_oversampling, trainer.oversample_foreground_percent) == (True, 0.67)
        moments = trainer.optimizer.state.get(next(trainer.network.parameters()), {})
        seen.append((int(moments.get("step", 0)), trainer.optimizer.param_groups[0]["lr"]))
        return step(trainer, batch)

    monkeypatch.setattr(SiteTrainer, "train_step", noted)
    site = site_of(data, tmp_path, CHARTER, recipe=Recipe("adamw", 0.3, 0.67, fast_cpu=True))
    model = site.plan({"alder": site.fingerprint(site.count_cases())}).initial
    for number in (1, 2):
        model = site.train(number, model).weights
    steps, rates = zip(*seen, strict=True)
    assert steps == (0, 1, 2, 3)
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] < max(rates) <= 0.3


def test_moments_of_adamw_are_never_averaged(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="adamw"):
        site_of(data, tmp_path, replace(CHARTER, momentum="average"), recipe=Recipe("adamw"))


def test_a_model_of_another_network_than_the_planned_one_is_no_beginning(data: Path, tmp_path: Path) -> None:
    named = replace(CHARTER, initial=digest_of_bundle(load_bundle(SHIPPED)))
    site = site_of(data, tmp_path, named, start=SHIPPED)
    with pytest.raises(UpdateUnfitError, match="begin with"):
        site.plan({"alder": site.fingerprint(site.count_cases())})
