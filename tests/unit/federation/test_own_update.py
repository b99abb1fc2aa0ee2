"""What all others would refuse, a site finds itself: before it signs, since nothing takes back what it signed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pedcontour.errors import FederationError, PlansDifferError, UpdateUnfitError
from pedcontour.federation import layout
from pedcontour.federation.averaging import Weights
from pedcontour.federation.trainer import Plans, Trained
from tests.made_federation import SITES
from tests.stepped_run import Run, all_planned, done, until
from tests.toy_hospital import ToyTrainer


class Erring(ToyTrainer):
    """Comes to something unfit, which it keeps, as checkpoints are kept, until it is told to forget."""

    def __init__(self, factor: float = 1.0, more_cases: int = 0) -> None:
        super().__init__("birch")
        self._factor = factor
        self._more = more_cases

    def train(self, round_number: int, start: Weights) -> Trained:
        trained = super().train(round_number, start)
        weights = {name: tensor * np.float32(self._factor) for name, tensor in trained.weights.items()}
        return Trained(weights, trained.cases + self._more, trained.figures)

    def forget(self, round_number: int) -> None:
        self._factor, self._more = 1.0, 0


class Growing(ToyTrainer):
    """Has a case more each time it is asked."""

    def count_cases(self) -> int:
        self._cases += 1
        return self._cases


class Misplanning(ToyTrainer):
    """Plans with an option that the others do not have."""

    def plan(self, fingerprints: Mapping[str, bytes]) -> Plans:
        return replace(super().plan(fingerprints), digest="0" * 64)


@pytest.mark.parametrize("erring", [Erring(factor=np.nan), Erring(factor=4.0), Erring(more_cases=1)])
def test_an_unfit_update_is_not_sent_and_its_round_is_trained_anew(tmp_path: Path, erring: Erring) -> None:
    run = Run(tmp_path)
    all_planned(run)
    others = [run.site(name) for name in SITES if name != "birch"]
    with pytest.raises(UpdateUnfitError, match="birch"):
        until([*others, run.site("birch", trainer=erring)], done)
    assert layout.update("birch", 1) not in run.store.list("sites/birch/rounds")
    again = [run.site(name) for name in SITES if name != "birch"]
    assert len({end.model for end in until([*again, run.site("birch", trainer=erring)], done)}) == 1


def test_a_case_more_after_the_census_stops_the_site_that_has_it_and_no_other(tmp_path: Path) -> None:
    run = Run(tmp_path)
    others = [run.site(name) for name in SITES if name != "birch"]
    with pytest.raises(FederationError, match="restore the data set"):
        until([*others, run.site("birch", trainer=Growing("birch"))], done)
    assert layout.fingerprint("birch") not in run.store.list("sites/birch")
    until(others, lambda progress: progress.waiting_for == ("birch",))


def test_plans_said_wrongly_can_be_taken_back_as_the_page_for_it_says(tmp_path: Path) -> None:
    run, said = Run(tmp_path), layout.plans("birch")
    with pytest.raises(PlansDifferError, match="birch"):
        until([run.site(name, trainer=Misplanning(name) if name == "birch" else None) for name in SITES], done)
    with pytest.raises(PlansDifferError, match="birch"):
        until([run.site(name) for name in SITES], done)  # with the option corrected it says the same again
    (tmp_path / "birch" / "said" / said).unlink()
    for site in SITES:
        (tmp_path / site / "seen" / said).unlink(missing_ok=True)
    run.store.delete(said)
    assert len({end.model for end in until([run.site(name) for name in SITES], done)}) == 1
