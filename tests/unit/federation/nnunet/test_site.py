"""A site's rounds are nnU-Net's training: the same weights, also after kills, and what the federation adds to it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform, blur_dimension
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
from nnunetv2.training.nnUNetTrainer.variants.data_augmentation.nnUNetTrainerNoMirroring import nnUNetTrainerNoMirroring

from pedcontour.datasets.annotations import State
from pedcontour.errors import FederationError
from pedcontour.federation.averaging import Weights
from pedcontour.federation.nnunet.rolls import ANY_ROLL, DrawnAngle
from pedcontour.federation.nnunet.site import NnunetSite
from pedcontour.federation.nnunet.site_trainer import SiteTrainer, seed_epoch
from pedcontour.federation.nnunet.tensors import put_weights, read_weights
from pedcontour.federation.nnunet.workplace import CONFIGURATION, Workplace
from pedcontour.federation.room import Charter
from pedcontour.inference.nnunet_quiet import quiet
from tests.made_federation import a_charter
from tests.made_hospital import CASES, ORGANS, a_site, annotate, tiny_settings, write_dataset
from tests.toy_nnunet import one_thread

pytestmark = pytest.mark.slow

PAIR = a_charter(("alder", "birch"), organs=ORGANS, rounds=2, local_epochs=2, momentum="keep")
CHARTER = replace(PAIR, sites=PAIR.sites[:1], quorum=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread, and no picture of the losses after each epoch."""
    monkeypatch.setattr("nnunetv2.training.logging.nnunet_logger.MetaLogger.plot_progress_png", lambda *_: None)
    with one_thread():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("alder") / "data", CASES["alder"])


def planned(data: Path, work: Path, charter: Charter = CHARTER, **settings: Any) -> tuple[NnunetSite, Weights]:
    """A site that planned alone, and the first model."""
    site = a_site("alder", charter, data, work, tiny_settings(**settings))
    return site, site.plan({"alder": site.fingerprint(site.count_cases())}).initial


def all_rounds(site: NnunetSite, model: Weights, rounds: int = 2) -> Weights:
    for number in range(1, rounds + 1):
        model = site.train(number, model).weights
    return model


def same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_federation_of_one_site_trains_what_plain_nnu_net_trains(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both begin with the same weights, and every epoch with the same random numbers."""

    class Plain(nnUNetTrainerNoMirroring):  # type: ignore[misc]
        def on_epoch_start(self) -> None:
            seed_epoch(CHARTER.seed, "alder", self.current_epoch)
            super().on_epoch_start()

    # nnU-Net blurs in whichever of two ways was faster just now
    monkeypatch.setattr(GaussianBlurTransform, "_benchmark_wrapper", lambda _, *blur: blur_dimension(*blur))
    site, initial = planned(data, tmp_path)
    federated = all_rounds(site, initial)

    workplace = Workplace(tmp_path, CHARTER.run)
    plans = json.loads(workplace.plans.read_text())
    dataset = json.loads((workplace.preprocessed / "dataset.json").read_text())
    with quiet():
        trainer = Plain({**plans, "continue_training": False}, CONFIGURATION, "all", dataset, torch.device("cpu"))
        trainer.num_epochs, trainer.num_iterations_per_epoch, trainer.num_val_iterations_per_epoch = 4, 3, 1
        trainer.initialize()
        put_weights(trainer.network, initial)
        trainer.run_training()
    plain = read_weights(trainer.network)
    assert not same(plain, initial)
    assert same(federated, plain)


def test_a_round_that_is_killed_between_epochs_and_begun_again_ends_the_same(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, initial = planned(data, tmp_path / "calm")
    calm = site.train(1, initial)
    begun = []

    def killed(trainer: SiteTrainer) -> None:
        begun.append(trainer.current_epoch)
        if begun == [0, 1]:
            raise KeyboardInterrupt
        super(SiteTrainer, trainer).on_train_epoch_start()

    monkeypatch.setattr(SiteTrainer, "on_train_epoch_start", killed, raising=False)
    rough, again = planned(data, tmp_path / "rough")
    with pytest.raises(KeyboardInterrupt):
        rough.train(1, again)
    ended = planned(data, tmp_path / "rough")[0].train(1, again)
    assert begun == [0, 1, 1]
    assert same(ended.weights, calm.weights)
    assert ended.figures == calm.figures


def test_a_round_asked_for_twice_is_trained_once(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, initial = planned(data, tmp_path)
    first = site.train(1, initial)
    monkeypatch.setattr(SiteTrainer, "run_training", None)
    assert same(site.train(1, initial).weights, first.weights)


def test_a_round_that_was_forgotten_is_trained_anew(data: Path, tmp_path: Path) -> None:
    site, initial = planned(data, tmp_path)
    first = site.train(1, initial)
    kept = next(iter(Workplace(tmp_path, CHARTER.run).rounds(1)))
    checkpoint = torch.load(kept / "checkpoint_final.pth", weights_only=False)
    checkpoint["network_weights"] = {name: t * torch.nan for name, t in checkpoint["network_weights"].items()}
    torch.save(checkpoint, kept / "checkpoint_final.pth")
    assert not same(site.train(1, initial).weights, first.weights)
    site.forget(1)
    assert same(site.train(1, initial).weights, first.weights)


def test_the_learning_rate_falls_over_the_epochs_of_all_rounds(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = []
    step = SiteTrainer.on_train_epoch_end

    def noted(trainer: SiteTrainer, outputs: list[Any]) -> None:
        rates.append(trainer.optimizer.param_groups[0]["lr"])
        step(trainer, outputs)

    monkeypatch.setattr(SiteTrainer, "on_train_epoch_end", noted, raising=False)
    all_rounds(*planned(data, tmp_path, iterations=1))
    assert rates == [pytest.approx(0.01 * (1 - epoch / 4) ** 0.9) for epoch in range(4)]


def test_momentum_that_is_kept_averaged_or_reset_tells_in_the_second_round(data: Path, tmp_path: Path) -> None:
    ends = {}
    for momentum in ("keep", "average", "reset"):
        charter = replace(CHARTER, momentum=momentum)
        model = all_rounds(*planned(data, tmp_path / momentum, charter))
        ends[momentum] = {name: tensor for name, tensor in model.items() if not name.startswith("momentum/")}
    assert same(ends["keep"], ends["average"])  # of one site the mean is its own
    assert not same(ends["keep"], ends["reset"])


def test_the_proximal_term_keeps_the_model_nearer_to_where_it_began(data: Path, tmp_path: Path) -> None:
    def way(**settings: Any) -> float:
        site, initial = planned(data, tmp_path / str(settings), **settings)
        trained = site.train(1, initial).weights
        return float(np.sqrt(sum(np.square(trained[name] - initial[name]).sum() for name in initial)))

    free = way()
    assert way(proximal=0.0) == free
    assert way(proximal=5.0) < 0.95 * free


def test_every_tensor_is_exchanged_once(data: Path, tmp_path: Path) -> None:
    initial = planned(data, tmp_path)[1]
    assert sum(tensor.size for tensor in initial.values()) < 10_000
    assert not any(name.startswith("decoder.encoder.") for name in initial)


def test_labels_in_another_order_train_the_same_model(data: Path, tmp_path: Path) -> None:
    site, initial = planned(data, tmp_path / "as in the charter")
    other = write_dataset(tmp_path / "data", CASES["alder"], tuple(reversed(ORGANS)))
    reordered, same_initial = planned(other, tmp_path / "reordered")
    assert same(initial, same_initial)
    assert same(site.train(1, initial).weights, reordered.train(1, initial).weights)


def test_an_organ_that_was_not_annotated_is_no_negative_and_a_resected_one_is(data: Path, tmp_path: Path) -> None:
    fewer = ORGANS[:3]
    data_without_liver = write_dataset(tmp_path / "data", CASES["alder"], fewer)
    site, initial = planned(data_without_liver, tmp_path / "unannotated")
    unannotated = site.train(1, initial).weights

    resected = tmp_path / "resected"
    write_dataset(resected, CASES["alder"], fewer, also_labelled=ORGANS[3:])
    absent = planned(resected, tmp_path / "absent")[0].train(1, initial).weights
    assert not same(unannotated, absent)

    annotate(resected, "alder", dict.fromkeys(ORGANS[3:], State.UNANNOTATED))
    said = planned(resected, tmp_path / "said")[0].train(1, initial).weights
    assert same(unannotated, said)


def test_a_site_s_rolls_reach_nnu_net_s_augmentation(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    loaders = SiteTrainer.get_dataloaders

    def noted(trainer: SiteTrainer) -> Any:
        train, validation = loaders(trainer)
        seen["patch"] = train.data_loader.patch_size
        seen["turn"] = next(t for t in train.data_loader.transforms.transforms if isinstance(t, SpatialTransform))
        return train, validation

    monkeypatch.setattr(SiteTrainer, "get_dataloaders", noted, raising=False)
    site, initial = planned(data, tmp_path, rolls=ANY_ROLL, iterations=1)
    site.train(1, initial)
    assert seen["turn"].p_rotation == ANY_ROLL.probability
    assert seen["turn"].rotation == DrawnAngle(ANY_ROLL, body_axis=0, flat=False)
    assert min(seen["patch"]) > 16


def test_with_five_cases_nnu_net_keeps_one_for_validation(tmp_path: Path) -> None:
    cases = [case for site in CASES.values() for case in site]
    site, initial = planned(write_dataset(tmp_path / "data", cases), tmp_path / "work", iterations=1)
    trained = site.train(1, initial)
    assert trained.cases == 4
    assert {"loss", "dsc", "start-dsc", "start-dsc-liver"} <= trained.figures.keys()


def test_with_five_cases_of_four_patients_no_patient_is_split_and_no_dice_is_called_a_validation_s(
    tmp_path: Path,
) -> None:
    cases = [case for site in CASES.values() for case in site]
    folder = write_dataset(tmp_path / "data", cases)
    annotate(folder, "alder", {}, patients={"alder_1": "one", "alder_2": "one"})
    site, initial = planned(folder, tmp_path / "work", iterations=1)
    trained = site.train(1, initial)
    assert trained.cases == 5
    assert "training-dsc" in trained.figures and "dsc" not in trained.figures


def test_measured_in_two_processes_the_fingerprint_is_the_same(data: Path, tmp_path: Path) -> None:
    alone, several = (
        a_site("alder", CHARTER, data, tmp_path / str(workers), tiny_settings(workers=workers)) for workers in (0, 2)
    )
    assert alone.fingerprint(50) == several.fingerprint(50)


def test_what_nnu_net_trips_over_is_told_by_its_class_alone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(_: SiteTrainer) -> None:
        raise MemoryError("Patient^Name")

    site, initial = planned(data, tmp_path)
    monkeypatch.setattr(SiteTrainer, "run_training", trip, raising=False)
    with pytest.raises(FederationError, match="training: MemoryError") as refused:
        site.train(1, initial)
    assert "Patient" not in str(refused.value)


def test_another_version_of_nnu_net_than_the_charter_s_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(FederationError, match=r"2\.5"):
        planned(data, tmp_path, replace(CHARTER, nnunet_version="2.5"))
