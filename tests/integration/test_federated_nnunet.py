"""Two hospitals train a real network through a store, and export one model that nnU-Net and pedcontour run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

from pedcontour.bundle import load_bundle, verify_bundle
from pedcontour.bundle.manifest import write_manifest
from pedcontour.datasets.annotations import State
from pedcontour.errors import ModelChecksumError
from pedcontour.federation.export import export
from pedcontour.federation.global_model import GlobalModel
from pedcontour.federation.keys import Keys
from pedcontour.federation.nnunet.site import NnunetSite
from pedcontour.federation.participant import Participant, Progress
from pedcontour.federation.provenance import check_provenance
from pedcontour.federation.room import Beliefs, say
from pedcontour.federation.room.dsse import join, read_envelope, write_envelope
from pedcontour.federation.site_memory import SiteMemory
from pedcontour.federation.store import MemorySharedStore
from pedcontour.federation.voice import Voice
from pedcontour.federation.weights import unpack
from pedcontour.inference.nnunet_network import load_network, read_definition
from pedcontour.inference.nnunet_quiet import quiet
from tests.made_federation import a_charter
from tests.made_hospital import CASES, ORGANS, a_site, annotate, tiny_settings, write_dataset
from tests.toy_nnunet import one_thread

pytestmark = pytest.mark.slow

NAMES = ("alder", "birch")


class Hospitals:
    """Both, around a store in memory; nobody at birch contoured the liver."""

    def __init__(self, home: Path) -> None:
        self.home, self.store = home, MemorySharedStore()
        self.keys = {name: Keys.new() for name in NAMES}
        self.charter = replace(
            a_charter(NAMES, organs=ORGANS, local_epochs=1), sites=tuple(self.keys[name].site(name) for name in NAMES)
        )
        first, second = (read_envelope(say(self.charter, self.keys[name].signing)) for name in NAMES)
        self.signed = write_envelope(join(first, second))
        for name in NAMES:
            write_dataset(home / name / "data", CASES[name])
        annotate(home / "birch" / "data", "birch", {"liver": State.UNANNOTATED})

    def trainer(self, name: str) -> NnunetSite:
        return a_site(name, self.charter, self.home / name / "data", self.home / name / "work", tiny_settings())

    def process(self, name: str) -> tuple[Participant, Voice]:
        """A process of a site, started anew."""
        memory = SiteMemory(self.home / name / "memory")
        voice = Voice(name, self.keys[name], self.store, memory, Beliefs(self.signed))
        voice.begin()
        return Participant(voice, self.trainer(name)), voice


@pytest.fixture(scope="module")
def hospitals(tmp_path_factory: pytest.TempPathFactory) -> Hospitals:
    return Hospitals(tmp_path_factory.mktemp("hospitals"))


@pytest.fixture(scope="module")
def ended(hospitals: Hospitals) -> tuple[dict[str, Progress], Voice]:
    """Where both sites stand at the end, birch after starting anew for every step; and alder's voice."""
    with one_thread(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnunetv2.training.logging.nnunet_logger.MetaLogger.plot_progress_png", lambda *_: None)
        alder, voice = hospitals.process("alder")
        for _ in range(12):
            ends = {"alder": alder.step(), "birch": hospitals.process("birch")[0].step()}
            if all(end.model for end in ends.values()):
                return ends, voice
    raise AssertionError(ends)


@pytest.fixture(scope="module")
def exported(hospitals: Hospitals, ended: tuple[dict[str, Progress], Voice]) -> Path:
    """The model folder that alder wrote."""
    out = hospitals.home / "models" / "made-together"
    export(ended[1], hospitals.trainer("alder"), out)
    return out


def test_both_sites_end_at_one_model(ended: tuple[dict[str, Progress], Voice]) -> None:
    assert len({end.model for end in ended[0].values()}) == 1


def test_rows_of_an_organ_that_one_site_did_not_annotate_come_from_the_other(
    hospitals: Hospitals, ended: tuple[dict[str, Progress], Voice]
) -> None:
    voice = ended[1]
    last = voice.beliefs.closed(hospitals.charter.rounds)
    brought = {site: unpack(site, voice.open(site, update.weights)) for site, update in last.members.items()}
    liver, spleen = 4, 1
    for name, tensor in GlobalModel(voice, hospitals.trainer("alder")).after(hospitals.charter.rounds).items():
        if ".seg_layers." in name:
            assert np.array_equal(tensor[liver], brought["alder"][name][liver])
            mean = (3.0 * brought["alder"][name][spleen] + 2.0 * brought["birch"][name][spleen]) / 5.0
            assert tensor[spleen] == pytest.approx(mean, rel=1e-6)


def test_the_model_folder_is_intact_and_tells_its_history(
    hospitals: Hospitals, ended: tuple[dict[str, Progress], Voice], exported: Path
) -> None:
    bundle = load_bundle(exported)
    verify_bundle(bundle)
    assert check_provenance(bundle).startswith("run ")
    assert tuple(bundle.organs.values()) == ORGANS
    told = bundle.provenance
    assert told["federation_model"] == told["federation_weights"] == ended[0]["birch"].model
    assert told["federation_last_close"] == ended[1].beliefs.closed(2).close_digest
    assert told["federation_sites"] == "alder (3 cases), birch (2 cases)"
    assert told["federation_annotated"] == "spleen 5, kidney_right 5, kidney_left 5, liver 3"
    assert not any("alder_1" in path.read_text("utf-8", "replace") for path in exported.iterdir())


def test_weights_that_no_federation_agreed_on_do_not_pass(exported: Path, tmp_path: Path) -> None:
    forged = tmp_path / exported.name
    forged.mkdir()
    for path in exported.iterdir():
        content = path.read_bytes()
        if path.name == "weights.safetensors":
            content = content[:-1] + bytes([content[-1] ^ 1])
        (forged / path.name).write_bytes(content)
    (forged / "SHA256SUMS").unlink()
    write_manifest(forged)
    bundle = load_bundle(forged)
    verify_bundle(bundle)
    with pytest.raises(ModelChecksumError, match="federation"):
        check_provenance(bundle)


def test_nnu_net_and_pedcontour_run_the_same_network(exported: Path) -> None:
    (stock,) = (exported.parent / f"_{exported.name}-nnunet").glob("*/nnUNetTrainer__*")
    with quiet():
        predictor = nnUNetPredictor(device=torch.device("cpu"), use_mirroring=False)
        predictor.initialize_from_trained_model_folder(str(stock), ("all",))
    assert predictor.allowed_mirroring_axes is None
    predictor.network.load_state_dict(predictor.list_of_parameters[0])
    bundle = load_bundle(exported)
    ours = load_network(read_definition(bundle.plans, bundle.dataset, bundle.configuration), bundle)
    patch = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 1, 16, 16, 16)).astype(np.float32))
    with torch.inference_mode():
        assert torch.equal(predictor.network.eval()(patch), ours(patch))
