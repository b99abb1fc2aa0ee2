"""What the federation relies on in every trainer: answers that depend on arguments and data alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pedcontour.federation.averaging import Weights, check_fit
from pedcontour.federation.trainer import Trainer
from pedcontour.federation.weights import digest_of
from tests.made_federation import a_charter
from tests.made_hospital import CASES, ORGANS, a_site, tiny_settings, write_dataset
from tests.toy_hospital import ToyTrainer
from tests.toy_nnunet import one_thread

CHARTER = a_charter(("alder", "birch"), organs=ORGANS, local_epochs=1)

Process = Callable[[str], Trainer]
"""A trainer of a site, as a process that was started anew makes it."""


@pytest.fixture(params=["toy", pytest.param("nnunet", marks=pytest.mark.slow)])
def process(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    if request.param == "toy":
        yield ToyTrainer
        return
    monkeypatch.setattr("nnunetv2.training.logging.nnunet_logger.MetaLogger.plot_progress_png", lambda *_: None)
    data = {name: write_dataset(tmp_path / name / "data", cases) for name, cases in CASES.items()}
    with one_thread():
        yield lambda name: a_site(name, CHARTER, data[name], tmp_path / name / "work", tiny_settings())


def _fingerprints(process: Process) -> dict[str, bytes]:
    sites = {name: process(name) for name in CHARTER.names}
    total = sum(site.count_cases() for site in sites.values())
    return {name: site.fingerprint(total) for name, site in sites.items()}


def _same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_every_site_plans_the_same_from_fingerprints_in_any_order(process: Process) -> None:
    said = _fingerprints(process)
    assert said == _fingerprints(process)
    plans = [process(name).plan(order) for name in CHARTER.names for order in (said, dict(reversed(said.items())))]
    assert len({(plan.digest, digest_of(plan.initial)) for plan in plans}) == 1
    assert all(plan.row_shares == plans[0].row_shares for plan in plans)


def test_a_round_gives_the_model_s_tensors_and_the_same_ones_in_a_process_started_anew(process: Process) -> None:
    said = _fingerprints(process)
    site = process("birch")
    start = site.plan(said).initial
    first = site.train(1, start)
    check_fit("birch", first.weights, start)
    assert first.cases > 0
    anew = process("birch")
    anew.plan(said)
    again = anew.train(1, start)
    assert _same(first.weights, again.weights)
    assert (first.cases, first.figures) == (again.cases, again.figures)
