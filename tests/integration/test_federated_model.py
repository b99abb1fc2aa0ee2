"""Two toy hospitals, one network trained four ways: killed, gone on with, judged and made ready to ship."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.federated_model import __main__ as steps
from benchmarks.federated_model.arms import ARMS, FEDERATED, POOLED, WorkFolder
from pedcontour.bundle import ModelBundle, load_bundle, verify_bundle
from pedcontour.datasets.case import TrainingCase
from pedcontour.datasets.hospitals import HOSPITALS, Hospital
from pedcontour.federation.provenance import check_provenance, digest_of_bundle
from pedcontour.organs import all_organs, default_labels
from pedcontour.training.hospitals import Patients, pool, write_hospital
from pedcontour.volume import LabelMap
from tests.toy_nnunet import toy_image

pytestmark = pytest.mark.slow

START = Path(__file__).parents[2] / "models" / "pedcontour-small"
SCHEDULE = ("--start", str(START), "--rounds", "2", "--local-epochs", "1", "--iterations", "1")
LIMIT_S = 1800.0


def toy_child(hospital: Hospital, number: int) -> TrainingCase:
    """Balls of seven organs, the same ones for training and tests."""
    image, labels = toy_image((20, 24, 26), (3.0, 3.0, 3.0), seed=hospital.first_seed + number)
    return TrainingCase("toy", image, LabelMap(image.grid, labels, default_labels()))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkFolder]:
    """Both hospitals' data, and every arm trained: the first training was killed while both sites were at work."""
    work = WorkFolder(tmp_path_factory.mktemp("hospitals"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pedcontour.training.hospitals.training_child", toy_child)
        for hospital in HOSPITALS:
            write_hospital(work.data(hospital.name), hospital, Patients(2))
    pool(work.data(POOLED), [work.data(hospital.name) for hospital in HOSPITALS], POOLED)
    _killed_at_work(work)
    done = subprocess.run(_training(work), capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    yield work


@pytest.fixture(scope="module")
def judged(work: WorkFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results file and, beside it, the page."""
    results = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.federated_model.judging.held_out_child", toy_child)
        patch.setattr("benchmarks.federated_model.certainty.RESAMPLES", 19)
        _write_to(results, patch)
        steps.judge(work=work.root, count=2)
        patch.setattr("benchmarks.federated_model.judging.load_engine", None)  # patients are not judged again
        steps.judge(work=work.root, count=2)
    return results / "federated-model.json"


def models(work: WorkFolder) -> dict[str, ModelBundle]:
    return {arm.name: load_bundle(work.models / arm.name) for arm in ARMS}


def test_every_arm_is_a_model_with_its_history(work: WorkFolder) -> None:
    for arm in ARMS:
        bundle = models(work)[arm.name]
        verify_bundle(bundle)
        assert "signed by" in check_provenance(bundle)
        told = bundle.provenance
        assert [site.split(" ")[0] for site in told["federation_sites"].split(", ")] == list(arm.sites)
        assert told["federation_first_model"] == digest_of_bundle(load_bundle(START))
        assert told["federation_rounds"] == "2"
        assert tuple(bundle.organs.values()) == tuple(all_organs())


def test_every_arm_learned_something_else(work: WorkFolder) -> None:
    digests = {bundle.weights_sha256 for bundle in models(work).values()}
    assert len(digests) == len(ARMS)
    assert load_bundle(START).weights_sha256 not in digests


def test_all_arms_trained_the_network_that_is_shipped(work: WorkFolder) -> None:
    shipped = load_bundle(START).plans["configurations"]["3d_fullres"]
    for bundle in models(work).values():
        mine = bundle.plans["configurations"]["3d_fullres"]
        for part in ("architecture", "patch_size", "batch_size", "spacing", "normalization_schemes"):
            assert mine[part] == shipped[part]
        assert bundle.plans["transpose_forward"] == [0, 1, 2]


def test_both_hospitals_share_only_a_store(work: WorkFolder) -> None:
    told = [json.loads((work.arm(FEDERATED) / site / "site.json").read_text()) for site in FEDERATED.sites]
    assert len({one["store"] for one in told}) == 1
    assert len({one[own] for one in told for own in ("keys", "data")}) == 4


def test_the_models_are_judged_on_both_hospitals_patients(judged: Path) -> None:
    results = json.loads(judged.read_text())
    rows = {row["name"]: row for row in results["rows"]}
    assert rows["claim/whole"]["met"] in (True, False)
    spleens = [rows[f"{test}/{arm.name}/spleen"] for test in ("test A", "test B") for arm in ARMS]
    assert all(row["n"] == 2 and 0 <= row["ours"] <= 1 for row in spleens)
    assert (judged.parent / "page.md").read_text().startswith("# One network, trained four ways")


def test_the_federated_model_is_made_ready_to_ship(
    work: WorkFolder, judged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_to(judged.parent, monkeypatch)
    steps.ship(work=work.root)
    shipped, federated = load_bundle(work.models / "pedcontour-small"), models(work)["federated"]
    verify_bundle(shipped)
    assert "signed by hospital-a, hospital-b" in check_provenance(shipped)
    assert shipped.weights_sha256 == federated.weights_sha256
    assert shipped.provenance == federated.provenance
    assert (shipped.licence, shipped.version) == ("Apache-2.0", "3")
    assert "hospital-a (2 cases), hospital-b (2 cases)" in shipped.card and "$" not in shipped.card
    assert sum(path.stat().st_size for path in shipped.folder.iterdir()) <= 15_000_000


def _training(work: WorkFolder) -> list[str]:
    return [sys.executable, "-m", "benchmarks.federated_model", "train", "--work", str(work.root), *SCHEDULE]


def _killed_at_work(work: WorkFolder) -> None:
    """Train until a site has an epoch behind it, then kill the program; its sites end with it."""
    program = subprocess.Popen(_training(work), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + LIMIT_S
    while not list(work.arm(FEDERATED).glob("*/training/rounds/*/checkpoint_*.pth")):
        assert program.poll() is None and time.monotonic() < end
        time.sleep(0.1)
    os.kill(program.pid, signal.SIGKILL)
    assert program.wait() == -signal.SIGKILL
    assert not list(work.models.glob("*"))


def _write_to(results: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("benchmarks.results_file.RESULTS", results)
    patch.setattr(steps, "RESULTS", results)
    patch.setattr(steps, "PAGE", results / "page.md")
