"""The same sites under FLARE's simulator end at the model that they end at by themselves."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pedcontour.errors import FederationError
from pedcontour.federation.averaging import Contribution, Weights, mean_of
from pedcontour.federation.room import Charter, encode
from pedcontour.federation.trainer import Trainer
from pedcontour.federation.weights import digest_of, unpack
from tests.made_federation import a_charter
from tests.made_hospital import CASES, ORGANS, a_site, tiny_settings, write_dataset
from tests.toy_hospital import ToyTrainer
from tests.toy_nnunet import one_thread

pytest.importorskip("nvflare", reason="pip install 'pedcontour[nvflare]' in an environment of its own")
pytestmark = pytest.mark.slow

CHARTER = a_charter(("alder", "birch"), organs=ORGANS, local_epochs=1)


def by_themselves(charter: Charter, sites: dict[str, Trainer]) -> Weights:
    total = sum(site.count_cases() for site in sites.values())
    said = {name: site.fingerprint(total) for name, site in sites.items()}
    plans = {name: site.plan(said) for name, site in sites.items()}
    model = plans["alder"].initial
    for number in range(1, charter.rounds + 1):
        trained = {name: site.train(number, model) for name, site in sites.items()}
        model = mean_of({name: Contribution(one.weights, one.cases) for name, one in trained.items()})
    return model


def under_flare(folder: Path, trainer: str) -> Weights:
    folder.mkdir(exist_ok=True)
    (folder / "charter.json").write_bytes(encode(CHARTER))
    subprocess.run([sys.executable, "-m", "tests.flare_run", str(folder), trainer], check=True, timeout=500)
    return unpack("flare", (folder / "model.safetensors").read_bytes())


def test_toy_sites_end_at_the_same_model(tmp_path: Path) -> None:
    expected = by_themselves(CHARTER, {name: ToyTrainer(name) for name in CHARTER.names})
    assert digest_of(under_flare(tmp_path, "tests.flare_run:toy")) == digest_of(expected)


@pytest.mark.parametrize("silent_in", ["count", "measure", "plan", "train"])
def test_a_site_that_does_not_answer_is_not_averaged_over(tmp_path: Path, silent_in: str) -> None:
    from pedcontour.federation.nvflare import Rounds, _answer

    sites = {name: ToyTrainer(name) for name in CHARTER.names}
    rounds = Rounds(encode(CHARTER).decode(), str(tmp_path / "model.safetensors"))

    def send(task_name: str, data: Any, targets: list[str]) -> list[Any]:
        answers = []
        for name in targets:
            answer = _answer(sites[name], task_name, data)
            answer.meta["client_name"] = name
            if (name, task_name) != ("birch", silent_in):
                answers.append(answer)
        return answers

    rounds.send_model_and_wait = send
    with pytest.raises(FederationError, match=f"{silent_in}: no answer of birch"):
        rounds.run()
    assert not list(tmp_path.iterdir())


def test_sites_with_nnu_net_end_at_the_same_model(tmp_path: Path) -> None:
    for name, cases in CASES.items():
        write_dataset(tmp_path / name / "data", cases)
    with one_thread():
        sites = {
            name: a_site(name, CHARTER, tmp_path / name / "data", tmp_path / name / "own", tiny_settings())
            for name in CHARTER.names
        }
        expected = by_themselves(CHARTER, dict(sites))
    assert digest_of(under_flare(tmp_path, "tests.flare_run:tiny_nnunet")) == digest_of(expected)
